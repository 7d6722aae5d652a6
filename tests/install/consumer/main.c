#include <nescsim/nescsim.h>
#include <stdio.h>

int main(void)
{
	nescsim_diag *diag = nescsim_diag_create();
	printf("%s\n", nescsim_status_text(NESCSIM_OK));
	nescsim_diag_destroy(diag);
	return 0;
}
