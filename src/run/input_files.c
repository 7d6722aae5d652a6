#include "run/input_files.h"

#include <fcntl.h>
#include <inttypes.h>
#include <nettle/base16.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/text.h"
#include "host/real_map.h"
#include "workload/source.h"

#define MAX_DIGESTS 4096 /* kept; more files are read again for each list */
#define DIGEST_TEXT_BYTES (BASE16_ENCODE_LENGTH(SHA256_DIGEST_SIZE) + 1)

typedef struct digest {
	struct stat of;
	char text[DIGEST_TEXT_BYTES];
} digest;

struct input_digests {
	digest *kept;
	size_t num, capacity;
	size_t next;    /* of MAX_DIGESTS, to be forgotten for another one */
	bool has_files; /* some list had one */
};

input_digests *input_digests_create(void)
{
	return calloc(1, sizeof(input_digests));
}

void input_digests_destroy(input_digests *self)
{
	if (self != NULL)
		free(self->kept);
	free(self);
}

bool input_files_are_some(const nescsim_config *config)
{
	return config->digests->has_files;
}

/* Room for one more; NULL when out of memory. */
static digest *add_digest(input_digests *self)
{
	digest *kept = self->kept;

	if (self->num < MAX_DIGESTS)
		kept = array_with_room(self->kept, self->num, &self->capacity, sizeof(*kept));
	if (kept == NULL)
		return NULL;
	self->kept = kept;
	if (self->num < MAX_DIGESTS)
		return &kept[self->num++];
	self->next = (self->next + 1) % MAX_DIGESTS;
	return &kept[self->next];
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

static bool is_same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino && one->st_size == other->st_size &&
	       one->st_ctim.tv_sec == other->st_ctim.tv_sec && one->st_ctim.tv_nsec == other->st_ctim.tv_nsec;
}

/* NULL: it cannot be read, or is no regular file. *of is filled in otherwise. */
static const char *digest_of(input_digests *known, const char *file_name, struct stat *of)
{
	const int file = open(file_name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *found = NULL;
	digest made, *kept;

	if (file < 0 || fstat(file, of) != 0 || !S_ISREG(of->st_mode))
		goto out;
	for (size_t i = 0; found == NULL && i < known->num; i++)
		if (is_same(&known->kept[i].of, of))
			found = known->kept[i].text;
	if (found != NULL)
		goto out;
	made.of = *of;
	if (!hash_file(file, made.text) || (kept = add_digest(known)) == NULL)
		goto out;
	*kept = made;
	found = kept->text;
out:
	if (file >= 0)
		close(file);
	return found;
}

/* ---- the list --------------------------------------------------------------------------------------------------- */

typedef struct file_list {
	input_digests *known;
	json_t *files;
	bool failed;
} file_list;

/* Steals `file`. Who is named twice is there once. */
static void add(file_list *self, json_t *file)
{
	json_t *there;
	size_t index;

	json_array_foreach(self->files, index, there)
	{
		if (json_equal(there, file)) {
			json_decref(file);
			return;
		}
	}
	self->failed |= json_array_append_new(self->files, file) != 0;
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
	json_t *name = name_of(shown_name);

	self->known->has_files = true;
	if (name == NULL)
		self->failed = true;
	else
		add(self, text == NULL
				  ? json_pack("{s:o}", "file", name)
				  : json_pack("{s:o, s:I, s:s}", "file", name, what, (json_int_t)num, "sha256", text));
}

static void add_file(void *context, const char *file_name, const char *shown_name)
{
	file_list *self = context;
	struct stat of = { .st_size = 0 };
	const char *text = digest_of(self->known, file_name, &of);

	add_entry(self, shown_name, "bytes", (uint64_t)of.st_size, text);
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
	char text[DIGEST_TEXT_BYTES];
	real_map map;
	const bool is_read =
		real_map_read(from->file.resolved, from->file.resolved, &options, NULL, &map) == NESCSIM_OK;

	if (is_read)
		hash_map(&map, text);
	add_entry(self, from->file.text, "extents", map.num_extents, is_read ? text : NULL);
	real_map_fini(&map);
}

static void add_map(file_list *self, const disk_config *disk)
{
	const disk_map_extents *from = disk->map.params;

	if (disk->map.index != DISK_MAP_EXTENTS)
		return;
	if (access(from->file.resolved, F_OK) == 0)
		add_file(self, from->file.resolved, from->file.text);
	else
		add_map_in_image(self, from);
}

json_t *input_files_list(const nescsim_config *config)
{
	const vm_config *vms = config->scenario.vms.items;
	file_list self = { .known = config->digests, .files = json_array() };

	for (size_t i = 0; self.files != NULL && i < config->scenario.vms.num; i++) {
		for (size_t j = 0; j <= vms[i].disk.append.num; j++)
			add_map(&self, disk_config_file(&vms[i].disk, j));
		self.failed |= source_visit_files(&vms[i].workload, add_file, &self) == NESCSIM_NO_MEMORY;
	}
	if (self.failed) {
		json_decref(self.files);
		return NULL;
	}
	return self.files;
}

nescsim_status input_files_check(const nescsim_config *config, json_t *before, nescsim_diag *diag)
{
	json_t *now = input_files_list(config);
	const bool is_same = now == NULL || json_equal(before, now);
	size_t at = 0;

	while (!is_same && json_equal(json_array_get(before, at), json_array_get(now, at)))
		at++;
	if (!is_same) {
		const json_t *changed = json_array_get(at < json_array_size(now) ? now : before, at);
		const diag_place place = { .file = json_string_value(json_object_get(changed, "file")) };

		diag_add(diag, NESCSIM_ERROR, NESCSIM_RUN_FAILED, &place, "run it again",
			 "the file was changed while it was read");
	}
	json_decref(now);
	if (now == NULL)
		return NESCSIM_NO_MEMORY;
	return is_same ? NESCSIM_OK : NESCSIM_RUN_FAILED;
}
