#include "plot/wish.h"

#include <jansson.h>
#include <string.h>

#include "plot/figure_config.h"

/* The text in `memory`; NULL where it is "" or missing. */
static const char *take_text(const json_t *entry, const char *key, arena *memory)
{
	const char *text = json_string_value(json_object_get(entry, key));

	return text == NULL || *text == '\0' ? NULL : arena_copy(memory, text, strlen(text));
}

static plot_wish take_wish(const json_t *entry, arena *memory)
{
	const json_t *where = json_object_get(entry, "where");
	const size_t num_where = json_array_size(where);
	const char **conditions = arena_alloc(memory, (num_where + 1) * sizeof(*conditions));
	plot_wish wish = {
		.name = take_text(entry, "name", memory),
		.figure = take_text(entry, "figure", memory),
		.title = take_text(entry, "title", memory),
		.x = take_text(entry, "x", memory),
		.y = take_text(entry, "y", memory),
		.by = take_text(entry, "by", memory),
		.where = conditions,
	};

	if (wish.figure != NULL && strcmp(wish.figure, FIGURE_OF_COLUMNS) == 0)
		wish.figure = NULL;
	for (size_t i = 0; conditions != NULL && i < num_where; i++) {
		const char *text = json_string_value(json_array_get(where, i));

		if (text != NULL)
			conditions[wish.num_where++] = arena_copy(memory, text, strlen(text));
	}
	return wish;
}

nescsim_status plot_wishes_read(const char *file_name, arena *memory, nescsim_diag *diag, plot_wish **wishes_out,
				size_t *num_out)
{
	json_error_t error;
	json_t *json = json_load_file(file_name, 0, &error);
	const json_t *figures = json_object_get(json, "figures");
	const diag_place place = { .file = file_name,
				   .line = error.line > 0 ? (size_t)error.line : 0,
				   .column = error.column > 0 ? (size_t)error.column : 0 };

	*wishes_out = NULL;
	*num_out = 0;
	if (json == NULL)
		return diag_add(diag, NESCSIM_ERROR, error.line < 0 ? NESCSIM_IO : NESCSIM_CONFIG, &place,
				"run or sweep again", "cannot be read: %s", error.text);
	if (json_array_size(figures) != 0) {
		*wishes_out = arena_alloc(memory, json_array_size(figures) * sizeof(**wishes_out));
		for (size_t i = 0; *wishes_out != NULL && i < json_array_size(figures); i++)
			(*wishes_out)[(*num_out)++] = take_wish(json_array_get(figures, i), memory);
	}
	json_decref(json);
	return memory->failed ? NESCSIM_NO_MEMORY : NESCSIM_OK;
}
