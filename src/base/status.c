#include "nescsim/error.h"

static const struct {
	int exit_code;
	const char *text;
} status_rows[] = {
#define STATUS_ROW(symbol, code, words) [NESCSIM_##symbol] = { code, words },
	NESCSIM_STATUS_LIST(STATUS_ROW)
#undef STATUS_ROW
};

#define NUM_STATUSES (sizeof(status_rows) / sizeof(status_rows[0]))

const char *nescsim_status_text(nescsim_status status)
{
	return (size_t)status < NUM_STATUSES ? status_rows[status].text : "unknown status";
}

int nescsim_status_exit_code(nescsim_status status)
{
	return (size_t)status < NUM_STATUSES ? status_rows[status].exit_code : 1;
}
