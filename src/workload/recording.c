#include "workload/recording.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workload/input.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The packing that this is, or NULL. */
static const char *find_packing(const char *ending)
{
	const char *packing;

	for (size_t i = 0; (packing = input_packing(i)) != NULL; i++)
		if (strcmp(ending, packing) == 0)
			return packing;
	return NULL;
}

bool recording_parse(const char *name, const char *infix, recording *recording_out)
{
	const char *found = NULL, *digits, *end;
	recording *self = recording_out;

	*self = (recording){ .name = name, .infix = infix };
	for (const char *at = name; (at = strstr(at, infix)) != NULL; at++)
		found = at;
	if (!found)
		return false;
	digits = end = found + strlen(infix);
	while (is_digit(*end))
		end++;
	if (end == digits || end - digits > 4 || (*digits == '0' && end - digits > 1))
		return false;
	self->num_stem_bytes = (size_t)(found - name);
	self->cpu = (uint32_t)strtoul(digits, NULL, 10);
	self->packing = find_packing(end);
	return self->packing != NULL;
}

/* How many CPUs the files in the folder are of. */
static uint32_t count_cpus(const recording *self)
{
	const char *slash = memrchr(self->name, '/', self->num_stem_bytes);
	const char *stem = slash ? slash + 1 : self->name;
	const size_t num_stem_bytes = self->num_stem_bytes - (size_t)(stem - self->name);
	char *folder = slash ? strndup(self->name, (size_t)(stem - self->name)) : strdup(".");
	DIR *entries = folder ? opendir(folder) : NULL;
	const struct dirent *entry;
	uint32_t num = 0;
	recording file;

	while (entries && (entry = readdir(entries)) != NULL)
		if (recording_parse(entry->d_name, self->infix, &file) && file.num_stem_bytes == num_stem_bytes &&
		    memcmp(entry->d_name, stem, num_stem_bytes) == 0 && file.cpu >= num)
			num = file.cpu + 1;
	if (entries)
		closedir(entries);
	free(folder);
	return num;
}

bool recording_find(const char *name, const char *infix, recording *recording_out)
{
	recording *self = recording_out;

	if (!recording_parse(name, infix, self)) {
		if (access(name, F_OK) == 0)
			return false;
		self->num_stem_bytes = strlen(name);
		self->packing = "";
	}
	self->num_cpus = count_cpus(self);
	return self->num_cpus != 0;
}

static void write_name(const recording *self, uint32_t cpu, const char *packing, char *text, size_t text_bytes)
{
	snprintf(text, text_bytes, "%.*s%s%u%s", (int)self->num_stem_bytes, self->name, self->infix, cpu, packing);
}

bool recording_part(const recording *self, uint32_t cpu, char *text, size_t text_bytes)
{
	const char *packing;

	write_name(self, cpu, self->packing, text, text_bytes);
	if (access(text, F_OK) == 0)
		return true;
	for (size_t i = 0; (packing = input_packing(i)) != NULL; i++) {
		write_name(self, cpu, packing, text, text_bytes);
		if (access(text, F_OK) == 0)
			return true;
	}
	write_name(self, cpu, self->packing, text, text_bytes);
	return false;
}

bool recording_is_same(const recording *a, const recording *b)
{
	return a->num_stem_bytes == b->num_stem_bytes && memcmp(a->name, b->name, a->num_stem_bytes) == 0;
}
