#include "sweep/shelf.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "metrics/folder.h"
#include "sweep/executor.h"
#include "sweep/point.h"

#define ON_THE_WAY "moved-" /* and the key: a later call finds it like any other result */
#define NOT_TAKEN UINT64_MAX

typedef struct shelf_result {
	uint64_t key;
	uint64_t point; /* that it was taken for */
	char *name;     /* in the folder of points */
} shelf_result;

static int compare(const void *one, const void *other)
{
	const shelf_result *a = one, *b = other;

	return a->key != b->key ? (a->key > b->key) - (a->key < b->key) : strcmp(a->name, b->name);
}

static nescsim_status add(sweep_shelf *self, uint64_t key, const char *name)
{
	shelf_result *results = array_with_room(self->results, self->num, &self->capacity, sizeof(*results));

	if (results == NULL)
		return NESCSIM_NO_MEMORY;
	self->results = results;
	self->results[self->num] = (shelf_result){ .key = key, .point = NOT_TAKEN, .name = strdup(name) };
	return self->results[self->num++].name == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;
}

/* Is it the folder of a point whose result is in its place? */
static bool is_in_place(const char *name, const sweep_plan *plan, const uint64_t *has_result)
{
	char *end;
	const uint64_t number = strtoull(name, &end, 10);

	return *end == '\0' && number != 0 && number <= plan->num_points && job_has(has_result, number - 1);
}

nescsim_status shelf_fill(sweep_shelf *self, const sweep_plan *plan, const uint64_t *has_result)
{
	char *points = points_folder(plan->options->out_folder);
	DIR *dir = points == NULL ? NULL : opendir(points);
	const struct dirent *entry;
	nescsim_status status = points == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;

	while (status == NESCSIM_OK && dir != NULL && (entry = readdir(dir)) != NULL) {
		char *path;
		uint64_t key;

		if (*entry->d_name == '.' || strchr(entry->d_name, '.') != NULL || /* a log, or what is being written */
		    is_in_place(entry->d_name, plan, has_result))
			continue;
		if (asprintf(&path, "%s/%s", points, entry->d_name) < 0)
			status = NESCSIM_NO_MEMORY;
		else {
			key = point_key_of_folder(path);
			free(path);
			if (key != 0)
				status = add(self, key, entry->d_name);
		}
	}
	if (dir != NULL)
		closedir(dir);
	free(points);
	if (self->num != 0)
		qsort(self->results, self->num, sizeof(*self->results), compare);
	return status;
}

void shelf_fini(sweep_shelf *self)
{
	for (size_t i = 0; i < self->num; i++)
		free(self->results[i].name);
	free(self->results);
	*self = (sweep_shelf){ .num = 0 };
}

bool shelf_take(sweep_shelf *self, const nescsim_config *config, uint64_t point)
{
	const uint64_t key = self->num == 0 ? 0 : point_key(config);
	size_t low = 0, high = self->num;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (self->results[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	while (low < self->num && self->results[low].key == key && self->results[low].point != NOT_TAKEN)
		low++;
	if (key == 0 || low == self->num || self->results[low].key != key)
		return false;
	self->results[low].point = point;
	return true;
}

/* Renames in the folder of points. */
static bool move(const char *points, const char *from, const char *to)
{
	char *old = NULL, *new = NULL;
	bool moved = false;

	if (asprintf(&old, "%s/%s", points, from) < 0)
		old = NULL;
	if (asprintf(&new, "%s/%s", points, to) < 0)
		new = NULL;
	if (old != NULL && new != NULL)
		moved = strcmp(from, to) == 0 || rename(old, new) == 0;
	free(old);
	free(new);
	return moved;
}

/* Its name between its places, so that results can take each other's. */
static void format_way(const shelf_result *of, char name[64])
{
	snprintf(name, 64, ON_THE_WAY "%016" PRIx64 "-%" PRIu64, of->key, of->point);
}

static bool put(const shelf_result *of, const sweep_plan *plan, const char *points)
{
	char *place = point_path(plan->options->out_folder, of->point, "");
	char *log = point_path(plan->options->out_folder, of->point, ".log");
	char way[64];
	bool moved = false;

	format_way(of, way);
	if (place != NULL && log != NULL && folder_remove_result(place)) {
		unlink(log);
		moved = move(points, way, strrchr(place, '/') + 1);
	}
	free(place);
	free(log);
	return moved;
}

uint64_t shelf_move(sweep_shelf *self, const sweep_plan *plan, uint64_t *has_result)
{
	char *points = points_folder(plan->options->out_folder);
	uint64_t num_lost = 0;

	for (int steps = 0; steps < 2; steps++) {
		for (size_t i = 0; i < self->num; i++) {
			shelf_result *of = &self->results[i];
			char way[64];
			bool moved;

			if (of->point == NOT_TAKEN)
				continue;
			format_way(of, way);
			moved = points != NULL && (steps == 0 ? move(points, of->name, way) : put(of, plan, points));
			if (moved)
				continue;
			job_remove(has_result, of->point);
			of->point = NOT_TAKEN;
			num_lost++;
		}
	}
	free(points);
	return num_lost;
}

void shelf_put_aside(const sweep_plan *plan, uint64_t point)
{
	char *points = points_folder(plan->options->out_folder),
	     *place = point_path(plan->options->out_folder, point, "");
	const uint64_t key = place != NULL ? point_key_of_folder(place) : 0;
	char way[64];

	/* What a result could not replace is somebody's. */
	if (points != NULL && key != 0 && folder_check_writable(place, NULL) == NESCSIM_OK) {
		format_way(&(shelf_result){ .key = key, .point = point }, way);
		/* The same one may have been put aside before. */
		if (!move(points, strrchr(place, '/') + 1, way))
			folder_remove_result(place);
	}
	free(place);
	free(points);
}

void shelf_remove_leftovers(const sweep_plan *plan)
{
	char *points = points_folder(plan->options->out_folder);
	DIR *dir = points == NULL ? NULL : opendir(points);
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char *path;

		if (strncmp(entry->d_name, ON_THE_WAY, strlen(ON_THE_WAY)) != 0 ||
		    asprintf(&path, "%s/%s", points, entry->d_name) < 0)
			continue;
		folder_remove_result(path);
		free(path);
	}
	if (dir != NULL)
		closedir(dir);
	free(points);
}
