#include "plot/draw.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/program.h"

#define PROGRAM "gnuplot"
#define PACKAGE "gnuplot-nox"

/* The first line that gnuplot complained in, without what it was about: it says "line N: reason" behind it. */
static nescsim_status report(const text_buffer *said, nescsim_diag *diag)
{
	const char *line = strstr(text_get(said), "line ");

	line = line != NULL ? line : text_get(said);
	while (isspace((unsigned char)*line))
		line++;
	return diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL, NULL, PROGRAM " fails: %.*s",
			(int)(*line != '\0' ? strcspn(line, "\n") : 14), *line != '\0' ? line : "without a word");
}

/* A PDF says when it was made, which would make two runs differ: that becomes the same day for all. */
static void forget_the_time(text_buffer *picture)
{
	static const char key[] = "/CreationDate (D:", day[] = "20000101000000";
	char *at = picture->num_bytes > 4 && memcmp(picture->data, "%PDF", 4) == 0
			   ? memmem(picture->data, picture->num_bytes, key, sizeof(key) - 1)
			   : NULL;

	if (at == NULL || (size_t)(picture->data + picture->num_bytes - at) < sizeof(key) + sizeof(day))
		return;
	at += sizeof(key) - 1;
	for (size_t i = 0; i < sizeof(day) - 1; i++)
		at[i] = isdigit((unsigned char)at[i]) ? day[i] : at[i];
}

nescsim_status plot_draw(const char *folder, const char *script, int limit_ms, text_buffer *picture, nescsim_diag *diag)
{
	/* -d: without the files of settings of whoever runs this; those in the environment are taken out of it. "GNU" begins
	 * gnuplot's own: GNUTERM is tried even where a script sets another one. A PDF knows the time zone. */
	const char *const words[] = { PROGRAM, "-d", "-e", "to_stdout = 1", script, NULL };
	static const char *const hidden[] = { "GNU", "FIT_", "TZ=", NULL };
	const program_call call = {
		.words = words,
		.folder = folder,
		.hidden = hidden,
		.added = "TZ=UTC",
		.most_ns = limit_ms * INT64_C(1000000),
	};
	program_output output = { .out = TEXT_EMPTY };
	const program_end end = program_run(&call, &output);
	nescsim_status status = NESCSIM_OK;

	if (end == PROGRAM_MISSING)
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, NULL, "on Debian it is in the package " PACKAGE,
				  "figures are drawn by " PROGRAM ", which is not installed");
	else if (end == PROGRAM_NO_START)
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_IO, NULL, NULL, "cannot run " PROGRAM ": %s",
				  program_reason(end, &output));
	else if (end == PROGRAM_LATE)
		status = diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, NULL, NULL,
				  PROGRAM " was killed: it has drawn nothing in %.3g s", limit_ms / 1e3);
	else if (end != PROGRAM_EXITED || output.out.num_bytes == 0)
		status = report(&output.err, diag);
	forget_the_time(&output.out);
	if (status == NESCSIM_OK) {
		text_add_bytes(picture, output.out.data, output.out.num_bytes);
		status = text_ok(&output.out) && text_ok(picture) ? NESCSIM_OK : NESCSIM_NO_MEMORY;
	}
	program_forget(&output);
	return status;
}
