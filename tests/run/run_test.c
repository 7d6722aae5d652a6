#include "run/run_test.h"

#include <dirent.h>
#include <unistd.h>

scratch scratch_make(void)
{
	scratch place;

	strcpy(place.root, "/tmp/nescsim-run-XXXXXX");
	assert_non_null(mkdtemp(place.root));
	snprintf(place.out, sizeof(place.out), "%s/out", place.root);
	return place;
}

void scratch_remove(const scratch *place)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", place->root);
	assert_int_equal(system(command), 0);
}

size_t count_entries(const char *path)
{
	DIR *folder = opendir(path);
	size_t num = 0;

	assert_non_null(folder);
	for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			num++;
	closedir(folder);
	return num;
}

char *read_file(const char *folder, const char *name)
{
	char path[512];
	char *text = NULL;
	size_t num_bytes = 0;
	FILE *in, *out = open_memstream(&text, &num_bytes);
	int byte;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	in = fopen(path, "r");
	if (in == NULL)
		fail_msg("%s cannot be read", path);
	while ((byte = getc(in)) != EOF)
		putc(byte, out);
	fclose(in);
	fclose(out);
	return text;
}

nescsim_config *load(const char *text, const nescsim_override *overrides, size_t num_overrides)
{
	nescsim_diag *diag = nescsim_diag_create();
	nescsim_config *config;
	nescsim_status status;

	if (strchr(text, '\n') != NULL)
		status = nescsim_config_load_text("test.yaml", text, overrides, num_overrides, diag, &config);
	else
		status = nescsim_config_load(text, overrides, num_overrides, diag, &config);
	nescsim_diag_print(diag, stderr);
	assert_int_equal(status, NESCSIM_OK);
	nescsim_diag_destroy(diag);
	return config;
}

nescsim_result *run(const nescsim_config *config, const char *out)
{
	const nescsim_run_options options = { .out_folder = out };
	nescsim_diag *diag = nescsim_diag_create();
	nescsim_result *result;
	nescsim_status status = nescsim_run(config, &options, diag, &result);

	nescsim_diag_print(diag, stderr);
	assert_int_equal(status, NESCSIM_OK);
	nescsim_diag_destroy(diag);
	return result;
}

void assert_same_text(const char *one, const char *other, const char *what)
{
	size_t line = 1;

	for (size_t i = 0; one[i] != '\0' || other[i] != '\0'; i++) {
		if (one[i] != other[i])
			fail_msg("%s: differs in line %zu", what, line);
		line += one[i] == '\n';
	}
}
