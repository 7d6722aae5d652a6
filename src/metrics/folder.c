#include "metrics/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/partial.h"

#define MAX_OPEN_FILES 16
#define MAX_TRIES 10 /* at what somebody else does at the same moment */
#define RESULT_FILE "result.json"

const char *const folder_file_names[FOLDER_NUM_FILES] = {
#define X(symbol, name) name,
	FOLDER_FILE_LIST(X)
#undef X
};

struct open_file {
	FILE *file; /* NULL = free */
	char *name;
};

struct folder {
	nescsim_diag *diag;
	char *given;   /* the final name as the caller wrote it, for messages */
	char *target;  /* the final name, links resolved */
	char *partial; /* the sibling that is written */
	bool replaces; /* an earlier result was there at the beginning */
	bool failed;   /* sticky: some file is not whole */
	struct open_file open_files[MAX_OPEN_FILES];
};

/* What stands at the final name. */
enum occupant {
	NOTHING,
	EMPTY_FOLDER,
	EARLIER_RESULT,
};

__attribute__((format(printf, 5, 6))) static nescsim_status
complain(nescsim_diag *diag, nescsim_status status, const char *path, const char *hint, const char *format, ...)
{
	diag_place place = { .file = path };
	va_list args;

	va_start(args, format);
	diag_add_va(diag, NESCSIM_ERROR, status, &place, hint, format, args);
	va_end(args);
	return status;
}

static nescsim_status no_memory(nescsim_diag *diag, const char *path)
{
	return complain(diag, NESCSIM_NO_MEMORY, path, NULL, "out of memory");
}

/* The path up to its last slash; "." when it has none. To be freed; NULL when out of memory. */
static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	if (slash == path)
		return strdup("/");
	return strndup(path, (size_t)(slash - path));
}

/* Resolves what the caller gave to the folder's own name. */
static nescsim_status resolve(const char *path, nescsim_diag *diag, char **target_out)
{
	size_t length = strlen(path);
	char *bare, *target;
	const char *last;
	struct stat info;

	while (length > 1 && path[length - 1] == '/')
		length--;
	bare = strndup(path, length);
	if (!bare)
		return no_memory(diag, path);
	last = strrchr(bare, '/');
	last = last ? last + 1 : bare;
	if (strcmp(last, "") == 0 || strcmp(last, ".") == 0 || strcmp(last, "..") == 0) {
		free(bare);
		return complain(diag, NESCSIM_USAGE, path, "give the folder a name of its own, such as results/run1",
				"this cannot be a result folder");
	}
	if (stat(bare, &info) == 0) {
		target = realpath(bare, NULL);
		free(bare);
		if (!target)
			return complain(diag, NESCSIM_IO, path, NULL, "cannot resolve the folder: %s", strerror(errno));
		*target_out = target;
		return NESCSIM_OK;
	}
	if (errno == ENOENT && lstat(bare, &info) == 0) {
		free(bare);
		return complain(diag, NESCSIM_USAGE, path, "remove the link or choose another folder",
				"this is a symbolic link to something that does not exist");
	}
	*target_out = bare;
	return NESCSIM_OK;
}

static bool is_own_file(int folder_fd, const char *name)
{
	struct stat info;

	if (fstatat(folder_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode))
		return false;
	for (size_t i = 0; i < FOLDER_NUM_FILES; i++)
		if (strcmp(name, folder_file_names[i]) == 0)
			return true;
	return false;
}

/* Is the folder's result.json one of ours? It begins with our name. */
static bool is_own_result(int folder_fd)
{
	const int fd = openat(folder_fd, RESULT_FILE, O_RDONLY | O_CLOEXEC);
	char head[64];
	ssize_t num_bytes;

	if (fd < 0)
		return false;
	num_bytes = read(fd, head, sizeof(head) - 1);
	close(fd);
	head[num_bytes < 0 ? 0 : num_bytes] = '\0';
	return strstr(head, "\"nescsim\"") != NULL;
}

/* Finds out what stands at the final name and whether it may be replaced. */
static nescsim_status inspect(const char *given, const char *target, nescsim_diag *diag, enum occupant *occupant_out)
{
	size_t num_entries = 0;
	bool has_result = false;
	char foreign[256] = "";
	const struct dirent *entry;
	struct stat info;
	DIR *dir;

	if (stat(target, &info) != 0) {
		if (errno != ENOENT)
			return complain(diag, NESCSIM_IO, given, "choose another folder", "cannot write here: %s",
					strerror(errno));
		*occupant_out = NOTHING;
		return NESCSIM_OK;
	}
	if (!S_ISDIR(info.st_mode))
		return complain(diag, NESCSIM_USAGE, given, "choose another name for the result folder",
				"this exists and is not a folder");
	dir = opendir(target);
	if (!dir && errno == ENOENT) { /* taken away meanwhile */
		*occupant_out = NOTHING;
		return NESCSIM_OK;
	}
	if (!dir)
		return complain(diag, NESCSIM_IO, given, "choose another folder", "cannot read the folder: %s",
				strerror(errno));
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		num_entries++;
		if (!is_own_file(dirfd(dir), entry->d_name))
			/* The first in the alphabet, whatever order the folder is read in. */
			if (foreign[0] == '\0' || strcmp(entry->d_name, foreign) < 0)
				snprintf(foreign, sizeof(foreign), "%s", entry->d_name);
		has_result = has_result || (strcmp(entry->d_name, RESULT_FILE) == 0 && is_own_result(dirfd(dir)));
	}
	closedir(dir);

	if (num_entries == 0) {
		*occupant_out = EMPTY_FOLDER;
		return NESCSIM_OK;
	}
	if (!has_result)
		return complain(diag, NESCSIM_USAGE, given, "choose another folder, or remove this one",
				"the folder exists and holds no results of an earlier run (no " RESULT_FILE
				" of nescsim's)");
	if (foreign[0] != '\0')
		return complain(diag, NESCSIM_USAGE, given, "move it away, or choose another folder",
				"the folder holds '%s', which replacing the results would delete", foreign);
	*occupant_out = EARLIER_RESULT;
	return NESCSIM_OK;
}

/* Checks that something can be made in the nearest parent that exists. */
static nescsim_status check_parent(const char *given, const char *target, nescsim_diag *diag)
{
	char *at = parent_of(target);

	while (at) {
		struct stat info;
		nescsim_status status = NESCSIM_OK;
		char *up;

		if (stat(at, &info) == 0) {
			if (!S_ISDIR(info.st_mode))
				status = complain(diag, NESCSIM_IO, given, "choose another folder",
						  "cannot make a folder here: '%s' is not a folder", at);
			else if (access(at, W_OK | X_OK) != 0)
				status = complain(diag, NESCSIM_IO, given, "choose another folder",
						  "cannot make a folder in '%s': %s", at, strerror(errno));
			free(at);
			return status;
		}
		if (errno != ENOENT) {
			status = complain(diag, NESCSIM_IO, given, "choose another folder",
					  "cannot make a folder in '%s': %s", at, strerror(errno));
			free(at);
			return status;
		}
		up = parent_of(at);
		free(at);
		at = up;
	}
	return no_memory(diag, given);
}

static nescsim_status check_target(const char *given, const char *target, nescsim_diag *diag,
				   enum occupant *occupant_out)
{
	nescsim_status status = inspect(given, target, diag, occupant_out);

	if (status)
		return status;
	if (*occupant_out == EARLIER_RESULT && access(target, W_OK | X_OK) != 0)
		return complain(diag, NESCSIM_IO, given, "choose another folder",
				"cannot replace the results of an earlier run: %s", strerror(errno));
	return check_parent(given, target, diag);
}

nescsim_status folder_check_writable(const char *path, nescsim_diag *diag)
{
	enum occupant occupant;
	char *target;
	nescsim_status status = resolve(path, diag, &target);

	if (status)
		return status;
	status = check_target(path, target, diag, &occupant);
	free(target);
	return status;
}

static nescsim_status make_parents(const char *given, char *target, nescsim_diag *diag)
{
	for (char *slash = strchr(target + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		nescsim_status status = NESCSIM_OK;
		struct stat info;

		*slash = '\0';
		/* Asked first, since a read-only or automounted parent need not answer EEXIST. */
		if (stat(target, &info) != 0 && mkdir(target, 0777) != 0 && errno != EEXIST)
			status = complain(diag, NESCSIM_IO, given, NULL, "cannot make the folder '%s': %s", target,
					  strerror(errno));
		*slash = '/';
		if (status)
			return status;
	}
	return NESCSIM_OK;
}

nescsim_status folder_make(const char *path, nescsim_diag *diag)
{
	nescsim_status status;
	char *below;

	if (asprintf(&below, "%s/", path) < 0)
		return no_memory(diag, path);
	status = make_parents(path, below, diag);
	free(below);
	return status;
}

/* Makes the sibling. */
static nescsim_status make_partial(folder *self)
{
	for (int i = 0; i < MAX_TRIES; i++) {
		self->partial = partial_name(self->target);
		if (!self->partial)
			return no_memory(self->diag, self->given);
		if (mkdir(self->partial, 0777) == 0)
			return NESCSIM_OK;
		if (errno != EEXIST)
			break;
		free(self->partial);
		self->partial = NULL;
	}
	complain(self->diag, NESCSIM_IO, self->given, NULL, "cannot make the folder '%s': %s",
		 self->partial ? self->partial : self->target, strerror(errno));
	free(self->partial);
	self->partial = NULL;
	return NESCSIM_IO;
}

static void destroy(folder *self)
{
	for (size_t i = 0; i < MAX_OPEN_FILES; i++)
		free(self->open_files[i].name);
	free(self->given);
	free(self->target);
	free(self->partial);
	free(self);
}

nescsim_status folder_begin(const char *path, nescsim_diag *diag, folder **folder_out)
{
	folder *self = calloc(1, sizeof(*self));
	enum occupant occupant = NOTHING;
	nescsim_status status;

	if (!self)
		return no_memory(diag, path);
	self->diag = diag;
	self->given = strdup(path);
	status = self->given ? resolve(path, diag, &self->target) : no_memory(diag, path);
	if (!status)
		status = check_target(path, self->target, diag, &occupant);
	self->replaces = occupant == EARLIER_RESULT;
	if (!status)
		status = make_parents(path, self->target, diag);
	if (!status)
		status = make_partial(self);
	if (status) {
		destroy(self);
		return status;
	}
	*folder_out = self;
	return NESCSIM_OK;
}

FILE *folder_open_file(folder *self, const char *name)
{
	struct open_file *slot = NULL;
	char *path = NULL;

	NESC_ASSERT(name[0] != '\0' && !strchr(name, '/'), "'%s' is no plain file name", name);
	for (size_t i = 0; i < MAX_OPEN_FILES && !slot; i++)
		if (!self->open_files[i].file)
			slot = &self->open_files[i];
	NESC_ASSERT(slot, "more than %d files are open", MAX_OPEN_FILES);
	slot->name = strdup(name);
	if (!slot->name || asprintf(&path, "%s/%s", self->partial, name) < 0) {
		no_memory(self->diag, self->given);
		goto fail;
	}
	slot->file = fopen(path, "wxe");
	if (!slot->file) {
		complain(self->diag, NESCSIM_IO, self->given, NULL, "cannot make '%s': %s", name, strerror(errno));
		goto fail;
	}
	free(path);
	return slot->file;
fail:
	free(path);
	free(slot->name);
	slot->name = NULL;
	self->failed = true;
	return NULL;
}

nescsim_status folder_close_file(folder *self, FILE *file)
{
	struct open_file *slot = NULL;
	int error = 0;

	for (size_t i = 0; i < MAX_OPEN_FILES && !slot; i++)
		if (self->open_files[i].file == file)
			slot = &self->open_files[i];
	NESC_ASSERT(slot, "the file is not of this folder");
	if (ferror(file))
		error = EIO; /* of an earlier write, whose own reason is gone */
	if (fflush(file) != 0 || fsync(fileno(file)) != 0)
		error = errno;
	if (fclose(file) != 0 && !error)
		error = errno;
	if (error) {
		complain(self->diag, NESCSIM_IO, self->given, NULL, "cannot write '%s': %s", slot->name,
			 strerror(error));
		self->failed = true;
	}
	free(slot->name);
	*slot = (struct open_file){ 0 };
	return error ? NESCSIM_IO : NESCSIM_OK;
}

/* Removes a folder of plain files; anything else in it stays, and the folder too. */
static bool remove_folder(const char *path)
{
	const struct dirent *entry;
	DIR *dir = opendir(path);

	if (!dir)
		return false;
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	return rmdir(path) == 0;
}

bool folder_remove_result(const char *path)
{
	enum occupant occupant;
	struct stat info;

	if (lstat(path, &info) != 0)
		return errno == ENOENT;
	return S_ISDIR(info.st_mode) && inspect(path, path, NULL, &occupant) == NESCSIM_OK && remove_folder(path);
}

void folder_remove_leftovers(const char *parent, bool also_of_others)
{
	const struct dirent *entry;
	DIR *dir = opendir(parent);

	while (dir && (entry = readdir(dir))) {
		char *path;

		if (!(also_of_others ? partial_is : partial_is_dead)(entry->d_name))
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) == 0 || asprintf(&path, "%s/%s", parent, entry->d_name) < 0)
			continue;
		remove_folder(path);
		free(path);
	}
	if (dir)
		closedir(dir);
}

static bool sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool synced;

	if (fd < 0)
		return false;
	/* Some network filesystems cannot sync folders and say EINVAL. */
	synced = fsync(fd) == 0 || errno == EINVAL;
	close(fd);
	return synced;
}

/* Puts the new folder in the place of an earlier one, which ends up at *old_out (to be freed). */
static int replace(const folder *self, char **old_out)
{
	int error;

	*old_out = NULL;
	if (renameat2(AT_FDCWD, self->partial, AT_FDCWD, self->target, RENAME_EXCHANGE) == 0) {
		*old_out = strdup(self->partial);
		return 0;
	}
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	/* No exchange on this filesystem: two steps, with the earlier results under another name in between. */
	if (asprintf(old_out, "%s-old", self->partial) < 0) {
		*old_out = NULL;
		return ENOMEM;
	}
	if (rename(self->target, *old_out) != 0) {
		error = errno;
	} else if (rename(self->partial, self->target) != 0) {
		error = errno;
		rename(*old_out, self->target);
	} else {
		return 0;
	}
	free(*old_out);
	*old_out = NULL;
	return error;
}

/* Has the folder at the final name the very result.json that is about to take its place? */
static bool is_same_result(const folder *self)
{
	const char *const folders[] = { self->partial, self->target };
	FILE *files[2] = { NULL };
	bool same = true;

	for (size_t i = 0; i < 2; i++) {
		char *path;

		if (asprintf(&path, "%s/" RESULT_FILE, folders[i]) < 0)
			continue;
		files[i] = fopen(path, "re");
		free(path);
	}
	same = files[0] && files[1];
	for (int one = 0; same && one != EOF;) {
		one = getc(files[0]);
		same = one == getc(files[1]);
	}
	for (size_t i = 0; i < 2; i++)
		if (files[i])
			fclose(files[i]);
	return same;
}

/* One try to give the name; 0, or what is wrong. *old_out is what had it, to be freed. */
static int give_name(const folder *self, enum occupant occupant, char **old_out)
{
	*old_out = NULL;
	if (occupant == EARLIER_RESULT)
		return replace(self, old_out);
	return rename(self->partial, self->target) != 0 ? errno : 0; /* takes the place of an empty folder, too */
}

/* May another try go well, since somebody else gave the name, or is about to? */
static bool is_race(int error)
{
	return error == EEXIST || error == ENOTEMPTY || error == ENOENT;
}

/* The files are whole but the name cannot be given: says where they are. */
static void keep_partial(const folder *self)
{
	diag_place place = { .file = self->given };

	diag_add(self->diag, NESCSIM_WARNING, NESCSIM_IO, &place, NULL, "the complete results are kept in '%s'",
		 self->partial);
}

nescsim_status folder_commit(folder *self)
{
	enum occupant occupant;
	char *old = NULL, *parent;
	int error = 0;
	nescsim_status status;

	for (size_t i = 0; i < MAX_OPEN_FILES; i++)
		NESC_ASSERT(!self->open_files[i].file, "'%s' is still open", self->open_files[i].name);
	if (self->failed) {
		folder_abort(self);
		return NESCSIM_IO;
	}
	if (!sync_folder(self->partial)) {
		complain(self->diag, NESCSIM_IO, self->given, NULL, "cannot sync the results: %s", strerror(errno));
		folder_abort(self);
		return NESCSIM_IO;
	}
	for (int i = 0; i == 0 || (is_race(error) && i < MAX_TRIES); i++) {
		/* Much may have happened since the beginning. */
		status = inspect(self->given, self->target, self->diag, &occupant);
		if (status) {
			keep_partial(self);
			destroy(self);
			return status;
		}
		/* The same run somewhere else was faster: its folder may be being read. */
		if (occupant == EARLIER_RESULT && !self->replaces && is_same_result(self)) {
			folder_abort(self);
			return NESCSIM_OK;
		}
		error = give_name(self, occupant, &old);
	}
	if (error) {
		status = complain(self->diag, NESCSIM_IO, self->given, NULL, "cannot give the results their name: %s",
				  strerror(error));
		keep_partial(self);
		destroy(self);
		return status;
	}
	/* The results are in place; what fails from here on costs nothing but tidiness. */
	parent = parent_of(self->target);
	if (parent)
		sync_folder(parent);
	free(parent);
	if (old && !remove_folder(old)) {
		diag_place place = { .file = self->given };

		diag_add(self->diag, NESCSIM_WARNING, NESCSIM_IO, &place, "remove it by hand",
			 "the results of an earlier run could not be removed and are left in '%s'", old);
	}
	free(old);
	destroy(self);
	return NESCSIM_OK;
}

void folder_abort(folder *self)
{
	if (!self)
		return;
	remove_folder(self->partial);
	destroy(self);
}
