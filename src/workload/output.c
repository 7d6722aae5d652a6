#include "workload/output.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/partial.h"

#define BUFFER_BYTES 65536
#define MAX_TEXT_BYTES 4096

struct output {
	nescsim_diag *diag;
	struct archive *archive;
	char *name, *partial;
	int fd;
	char unnamed[32];       /* the file while it has no name; "" = it is `partial` */
	bool failed, committed; /* failed: reported */
	size_t num_bytes;       /* in the buffer */
	char buffer[BUFFER_BYTES];
};

static const struct packing {
	const char *suffix;
	int filter;
} packings[] = {
	{ ".gz", ARCHIVE_FILTER_GZIP },
	{ ".bz2", ARCHIVE_FILTER_BZIP2 },
	{ ".xz", ARCHIVE_FILTER_XZ },
	{ ".zst", ARCHIVE_FILTER_ZSTD },
};

static int filter_of(const char *file_name)
{
	const size_t num_bytes = strlen(file_name);

	for (size_t i = 0; i < sizeof(packings) / sizeof(packings[0]); i++) {
		const size_t suffix_bytes = strlen(packings[i].suffix);

		if (num_bytes > suffix_bytes && strcmp(file_name + num_bytes - suffix_bytes, packings[i].suffix) == 0)
			return packings[i].filter;
	}
	return ARCHIVE_FILTER_NONE;
}

static nescsim_status report(output *self, const char *what)
{
	if (!self->failed)
		diag_add(self->diag, NESCSIM_ERROR, NESCSIM_IO, NULL, "nothing is left of it", "cannot write '%s': %s",
			 self->name, what);
	self->failed = true;
	return NESCSIM_IO;
}

static nescsim_status check_target(const char *file_name, bool replaces, nescsim_diag *diag)
{
	struct stat there;

	if (*file_name == '\0' || file_name[strlen(file_name) - 1] == '/')
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, "such as trace.csv.zst",
				"'%s' does not name a file", file_name);
	if (stat(file_name, &there) != 0)
		return NESCSIM_OK;
	if (!S_ISREG(there.st_mode))
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, "give another name",
				"'%s' is there and is no ordinary file", file_name);
	if (!replaces)
		return diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, "--force replaces it, or give another name",
				"'%s' is there already", file_name);
	return NESCSIM_OK;
}

static nescsim_status begin_archive(output *self)
{
	struct archive_entry *entry = archive_entry_new();
	nescsim_status status = NESCSIM_NO_MEMORY;

	self->archive = archive_write_new();
	if (!self->archive || !entry)
		goto out;
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_write_set_format_raw(self->archive);
	archive_write_add_filter(self->archive, filter_of(self->name));
	/* The time of day would make two runs differ. Other packings have none, and say so by a warning. */
	archive_write_set_filter_option(self->archive, "gzip", "timestamp", NULL);
	archive_write_set_bytes_in_last_block(self->archive, 1);
	status = NESCSIM_OK;
	if (archive_write_open_fd(self->archive, self->fd) != ARCHIVE_OK ||
	    archive_write_header(self->archive, entry) != ARCHIVE_OK)
		status = report(self, archive_error_string(self->archive));
out:
	archive_entry_free(entry);
	return status;
}

/* A file without a name, in the folder of the one to be: whatever ends the program, nothing is left of it. Not all
 * filesystems can. */
static bool open_unnamed(output *self)
{
	const char *slash = strrchr(self->name, '/');
	char *folder = slash ? strndup(self->name, (size_t)(slash - self->name) + 1) : strdup(".");

	if (folder)
		self->fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	free(folder);
	if (self->fd < 0)
		return false;
	snprintf(self->unnamed, sizeof(self->unnamed), "/proc/self/fd/%d", self->fd);
	if (access(self->unnamed, R_OK) == 0)
		return true;
	close(self->fd);
	self->fd = -1;
	*self->unnamed = '\0';
	return false;
}

static bool open_partial(output *self)
{
	self->fd = open(self->partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	return self->fd >= 0;
}

nescsim_status output_open(const char *file_name, bool replaces, nescsim_diag *diag, output **output_out)
{
	nescsim_status status = check_target(file_name, replaces, diag);
	output *self;

	*output_out = NULL;
	if (status != NESCSIM_OK)
		return status;
	self = calloc(1, sizeof(*self));
	if (!self)
		return NESCSIM_NO_MEMORY;
	self->diag = diag;
	self->fd = -1;
	self->name = strdup(file_name);
	self->partial = partial_name(file_name);
	status = NESCSIM_NO_MEMORY;
	if (self->name && self->partial)
		status = open_unnamed(self) || open_partial(self) ? begin_archive(self) : report(self, strerror(errno));
	if (status != NESCSIM_OK) {
		output_close(self);
		return status;
	}
	*output_out = self;
	return NESCSIM_OK;
}

static void flush_buffer(output *self)
{
	size_t done = 0;

	while (!self->failed && done < self->num_bytes) {
		la_ssize_t num_bytes = archive_write_data(self->archive, self->buffer + done, self->num_bytes - done);

		if (num_bytes <= 0)
			report(self, archive_error_string(self->archive));
		else
			done += (size_t)num_bytes;
	}
	self->num_bytes = 0;
}

void output_bytes(output *self, const void *bytes, size_t num_bytes)
{
	const char *from = bytes;

	while (num_bytes) {
		size_t part_bytes = BUFFER_BYTES - self->num_bytes;

		if (part_bytes > num_bytes)
			part_bytes = num_bytes;
		memcpy(self->buffer + self->num_bytes, from, part_bytes);
		self->num_bytes += part_bytes;
		from += part_bytes;
		num_bytes -= part_bytes;
		if (self->num_bytes == BUFFER_BYTES)
			flush_buffer(self);
	}
}

void output_text(output *self, const char *format, ...)
{
	va_list arguments;
	int num_bytes;

	if (BUFFER_BYTES - self->num_bytes < MAX_TEXT_BYTES)
		flush_buffer(self);
	va_start(arguments, format);
	num_bytes = vsnprintf(self->buffer + self->num_bytes, MAX_TEXT_BYTES, format, arguments);
	va_end(arguments);
	NESC_ASSERT(num_bytes >= 0 && num_bytes < MAX_TEXT_BYTES, "%d bytes of text", num_bytes);
	self->num_bytes += (size_t)num_bytes;
}

nescsim_status output_finish(output *self)
{
	flush_buffer(self);
	if (!self->failed && archive_write_close(self->archive) != ARCHIVE_OK)
		report(self, archive_error_string(self->archive));
	if (!self->failed && fsync(self->fd) != 0)
		report(self, strerror(errno));
	return self->failed ? NESCSIM_IO : NESCSIM_OK;
}

const char *output_partial(const output *self)
{
	return *self->unnamed ? self->unnamed : self->partial;
}

nescsim_status output_commit(output *self)
{
	if (self->failed)
		return NESCSIM_IO;
	/* A name that takes another's place is given in two steps. */
	if (*self->unnamed && linkat(AT_FDCWD, self->unnamed, AT_FDCWD, self->partial, AT_SYMLINK_FOLLOW) != 0)
		return report(self, strerror(errno));
	*self->unnamed = '\0';
	if (rename(self->partial, self->name) != 0)
		return report(self, strerror(errno));
	self->committed = true;
	return NESCSIM_OK;
}

void output_close(output *self)
{
	if (!self)
		return;
	archive_write_free(self->archive);
	if (self->fd >= 0) {
		close(self->fd);
		if (!self->committed && !*self->unnamed)
			unlink(self->partial);
	}
	free(self->partial);
	free(self->name);
	free(self);
}

nescsim_status output_end(output *self, nescsim_status status)
{
	if (self && status == NESCSIM_OK)
		status = output_finish(self);
	if (self && status == NESCSIM_OK)
		status = output_commit(self);
	output_close(self);
	return status;
}

nescsim_status output_save(const char *file_name, const text_buffer *text, nescsim_diag *diag)
{
	output *out;
	nescsim_status status = text_ok(text) ? output_open(file_name, true, diag, &out) : NESCSIM_NO_MEMORY;

	if (status != NESCSIM_OK)
		return status;
	output_bytes(out, text_get(text), text->num_bytes);
	return output_end(out, status);
}
