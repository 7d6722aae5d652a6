#include "run/input_files.h"

#include <fcntl.h>
#include <inttypes.h>
#include <nettle/base16.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "host/real_map.h"
#include "workload/source.h"

#define DIGEST_TEXT_BYTES (BASE16_ENCODE_LENGTH(SHA256_DIGEST_SIZE) + 1)
#define IDENTITY_BYTES 128

struct input_digests {
	json_t *of_files;   /* by their identity */
	json_t *remembered; /* files by what names them */
};

input_digests *input_digests_create(void)
{
	input_digests *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->of_files = json_object();
	self->remembered = json_object();
	if (self->of_files != NULL && self->remembered != NULL)
		return self;
	input_digests_destroy(self);
	return NULL;
}

void input_digests_destroy(input_digests *self)
{
	if (self == NULL)
		return;
	json_decref(self->of_files);
	json_decref(self->remembered);
	free(self);
}

static void finish(struct sha256_ctx *hash, char *text)
{
	uint8_t bytes[SHA256_DIGEST_SIZE];

	sha256_digest(hash, sizeof(bytes), bytes);
	base16_encode_update(text, sizeof(bytes), bytes);
	text[DIGEST_TEXT_BYTES - 1] = '\0';
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

static bool hash_file(int file, char *text)
{
	static const size_t block_bytes = 1 << 18;
	uint8_t *block = malloc(block_bytes);
	struct sha256_ctx hash;
	ssize_t num_bytes = -1;

	sha256_init(&hash);
	while (block != NULL && (num_bytes = read(file, block, block_bytes)) > 0)
		sha256_update(&hash, (size_t)num_bytes, block);
	free(block);
	if (num_bytes == 0)
		finish(&hash, text);
	return num_bytes == 0;
}

/* Which file it is, and when it was changed last. */
static void format_identity(const struct stat *of, char text[IDENTITY_BYTES])
{
	snprintf(text, IDENTITY_BYTES, "%ju %ju %jd %jd.%09ld", (uintmax_t)of->st_dev, (uintmax_t)of->st_ino,
		 (intmax_t)of->st_size, (intmax_t)of->st_ctim.tv_sec, of->st_ctim.tv_nsec);
}

/* NULL: it cannot be read, or is no regular file. *of is filled in otherwise. */
static const char *digest_of(const input_digests *known, const char *file_name, struct stat *of)
{
	const int file = open(file_name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char identity[IDENTITY_BYTES], text[DIGEST_TEXT_BYTES];
	const char *found = NULL;

	if (file >= 0 && fstat(file, of) == 0 && S_ISREG(of->st_mode)) {
		format_identity(of, identity);
		if (json_object_get(known->of_files, identity) == NULL && hash_file(file, text))
			json_object_set_new(known->of_files, identity, json_string(text));
		found = json_string_value(json_object_get(known->of_files, identity));
	}
	if (file >= 0)
		close(file);
	return found;
}

/* ---- the list --------------------------------------------------------------------------------------------------- */

typedef struct file_list {
	input_digests *known;
	json_t *files;
	const cfg_path *path; /* of the source under way, and its files */
	json_t *entries;
	uint64_t stamp;
	bool remembers, failed;
} file_list;

/* Who is named twice is there once. */
static void add(file_list *self, json_t *file)
{
	json_t *there;
	size_t index;

	json_array_foreach(self->files, index, there)
	{
		if (json_equal(there, file))
			return;
	}
	self->failed |= json_array_append(self->files, file) != 0;
}

static void add_to_stamp(file_list *self, const struct stat *of)
{
	char identity[IDENTITY_BYTES];

	format_identity(of, identity);
	self->stamp = text_hash(self->stamp, identity);
}

/* What the user would call it: without the folder before the path, unless that is a pattern, too. */
static const char *shown_name_of(const cfg_path *path, const char *file_name)
{
	const size_t num_bytes = strlen(path->resolved) - strlen(path->text);

	return strncmp(file_name, path->resolved, num_bytes) == 0 ? file_name + num_bytes : file_name;
}

/* Names of files may be no UTF-8, which JSON must be: then all but ASCII is spelt out. */
static json_t *name_of(const char *shown_name)
{
	json_t *name = json_string(shown_name);
	text_buffer spelt = TEXT_EMPTY;

	if (name != NULL)
		return name;
	for (const char *at = shown_name; *at != '\0'; at++)
		text_add(&spelt, (unsigned char)*at < 0x80 ? "%c" : "\\x%02x", (unsigned char)*at);
	if (text_ok(&spelt))
		name = json_string(text_get(&spelt));
	text_free(&spelt);
	return name;
}

/* `text` is the digest, NULL = none; `num` is how many of `what` it is of. */
static void add_entry(file_list *self, const char *shown_name, const char *what, uint64_t num, const char *text)
{
	json_t *name = name_of(shown_name), *entry = NULL;

	if (name != NULL)
		entry = text == NULL
				? json_pack("{s:o}", "file", name)
				: json_pack("{s:o, s:I, s:s}", "file", name, what, (json_int_t)num, "sha256", text);
	self->failed |= json_array_append_new(self->entries, entry) != 0;
}

static void add_file(void *context, const char *file_name)
{
	file_list *self = context;
	struct stat of = { .st_size = 0 };
	const char *text = digest_of(self->known, file_name, &of);

	add_to_stamp(self, &of);
	add_entry(self, shown_name_of(self->path, file_name), "bytes", (uint64_t)of.st_size, text);
}

static void hash_map(const real_map *map, char *text)
{
	struct sha256_ctx hash;
	char line[96];

	sha256_init(&hash);
	sha256_update(
		&hash,
		(size_t)snprintf(line, sizeof(line), "%" PRIu64 " %" PRIu64 "\n", map->file_bytes, map->block_bytes),
		(uint8_t *)line);
	for (size_t i = 0; i < map->num_extents; i++) {
		const real_extent *each = &map->extents[i];
		const int num_bytes =
			snprintf(line, sizeof(line), "%" PRIu64 " %" PRIu64 " %" PRIu64 " %d\n", each->logical_bytes,
				 each->physical_bytes, each->num_bytes, !each->is_unwritten);

		sha256_update(&hash, (size_t)num_bytes, (uint8_t *)line);
	}
	finish(&hash, text);
}

/* An image may be larger than all that is simulated; only the map counts. */
static void add_map_in_image(file_list *self, const disk_map_extents *from)
{
	const real_map_options options = { .format = disk_map_format(from), .is_again = true };
	char text[DIGEST_TEXT_BYTES], *image = real_map_image_of(from->file.resolved);
	struct stat of = { .st_size = 0 };
	real_map map;
	const bool is_read =
		real_map_read(from->file.resolved, from->file.resolved, &options, NULL, &map) == NESCSIM_OK;

	if (image != NULL && stat(image, &of) == 0)
		add_to_stamp(self, &of);
	if (is_read)
		hash_map(&map, text);
	add_entry(self, from->file.text, "extents", map.num_extents, is_read ? text : NULL);
	real_map_fini(&map);
	free(image);
}

static void read_map(file_list *self, const void *what)
{
	const disk_map_extents *from = what;

	if (access(from->file.resolved, F_OK) == 0)
		add_file(self, from->file.resolved);
	else
		add_map_in_image(self, from);
}

static void read_files(file_list *self, const void *what)
{
	self->failed |= source_visit_files(what, add_file, self) == NESCSIM_NO_MEMORY;
}

/* What `read` finds depends on `format` and `path` alone, and on the disk. */
static void add_source(file_list *self, const char *format, const cfg_path *path,
		       void (*read)(file_list *self, const void *what), const void *what)
{
	text_buffer key = TEXT_EMPTY;
	json_t *file;
	size_t index;

	text_add(&key, "%s\n%s\n%s", format, path->text, path->resolved);
	self->path = path;
	self->entries = self->remembers ? json_incref(json_object_get(self->known->remembered, text_get(&key))) : NULL;
	if (self->entries == NULL) {
		self->entries = json_array();
		read(self, what);
		if (self->remembers)
			self->failed |=
				json_object_set_nocheck(self->known->remembered, text_get(&key), self->entries) != 0;
	}
	json_array_foreach(self->entries, index, file)
	{
		add(self, file);
	}
	self->failed |= self->entries == NULL || !text_ok(&key);
	json_decref(self->entries);
	text_free(&key);
}

static json_t *list(const nescsim_config *config, bool remembers, uint64_t *stamp_out)
{
	const vm_config *vms = config->scenario.vms.items;
	file_list self = {
		.known = config->digests, .files = json_array(), .stamp = TEXT_HASH, .remembers = remembers
	};

	for (size_t i = 0; self.files != NULL && i < config->scenario.vms.num; i++) {
		source_files files;

		for (size_t j = 0; j <= vms[i].disk.append.num; j++) {
			const disk_config *disk = disk_config_file(&vms[i].disk, j);
			const disk_map_extents *map = disk->map.params;

			if (disk->map.index == DISK_MAP_EXTENTS)
				add_source(&self, disk_map_format(map), &map->file, read_map, map);
		}
		if (source_reads_files(&vms[i].workload, &files))
			add_source(&self, files.trace_format != NULL ? files.trace_format : "file", files.path,
				   read_files, &files);
	}
	if (self.failed) {
		json_decref(self.files);
		return NULL;
	}
	*stamp_out = self.stamp;
	return self.files;
}

json_t *input_files_list(const nescsim_config *config, uint64_t *stamp_out)
{
	return list(config, false, stamp_out);
}

json_t *input_files_remembered(const nescsim_config *config)
{
	uint64_t unused;

	return list(config, true, &unused);
}

nescsim_status input_files_check(const nescsim_config *config, json_t *before, uint64_t stamp, nescsim_diag *diag)
{
	uint64_t stamp_now = stamp;
	json_t *now = input_files_list(config, &stamp_now), *changed = NULL;
	const bool is_same = now == NULL || (json_equal(before, now) && stamp == stamp_now);

	for (size_t i = 0; !is_same && changed == NULL && i < json_array_size(now) + json_array_size(before); i++)
		if (!json_equal(json_array_get(before, i), json_array_get(now, i)))
			changed = json_array_get(i < json_array_size(now) ? now : before, i);
	if (!is_same) {
		const diag_place place = { .file = json_string_value(json_object_get(changed, "file")) };

		diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, changed != NULL ? &place : NULL, "run it again",
			 "a trace, job file or map was changed while it was read");
	}
	json_decref(now);
	if (now == NULL)
		return NESCSIM_NO_MEMORY;
	return is_same ? NESCSIM_OK : NESCSIM_RUN_FAILED;
}
