#include "base/path.h"

#include <string.h>
#include <sys/stat.h>

const char *path_last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

bool path_has_end(const char *path, const char *end)
{
	const size_t num_bytes = strlen(path), end_bytes = strlen(end);

	return num_bytes > end_bytes && strcmp(path + num_bytes - end_bytes, end) == 0;
}

bool path_is_folder(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}
