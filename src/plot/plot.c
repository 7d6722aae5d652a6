#include "nescsim/plot.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "metrics/folder.h"
#include "plot/chart.h"
#include "plot/draw.h"
#include "plot/script.h"
#include "plot/wish.h"
#include "workload/output.h"

#define DEFAULT_FORMAT "svg"
#define FIGURE_LIMIT_MS 120000 /* a figure takes a second; this is for a gnuplot that hangs */

size_t nescsim_num_figures(void)
{
	return plot_num_figures;
}

nescsim_figure nescsim_figure_at(size_t index)
{
	const plot_figure *figure = &plot_figures[index];

	if (index >= plot_num_figures)
		return (nescsim_figure){ .name = NULL };
	return (nescsim_figure){ .name = figure->name, .help = figure->help, .file = figure->file };
}

/* A table that was read. */
typedef struct source {
	const char *file_name;
	plot_table table;
	bool is_read; /* or could not be, as the status says */
	nescsim_status status;
} source;

typedef struct job {
	const nescsim_plot_options *options;
	nescsim_diag *diag;
	FILE *list;
	arena memory;
	bool is_folder;                       /* the input */
	source sources[FOLDER_NUM_FILES + 1]; /* of a folder: its files, sweep.csv last; else [0] */
	const char *format;
	const char *folder, *stem; /* of the output; stem NULL: the figure's name */
	bool is_hopeless;          /* no folder or no gnuplot: no other figure will do better */
} job;

__attribute__((format(printf, 4, 5))) static nescsim_status complain(const job *self, nescsim_status status,
								     const char *hint, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	diag_add_va(self->diag, NESCSIM_ERROR, status, NULL, hint, format, arguments);
	va_end(arguments);
	return status;
}

/* The two texts as one; NULL when out of memory. */
static char *join(job *self, const char *one, size_t one_bytes, const char *other)
{
	char *text = arena_alloc(&self->memory, one_bytes + strlen(other) + 1);

	if (text != NULL) {
		memcpy(text, one, one_bytes);
		strcpy(text + one_bytes, other);
	}
	return text;
}

/* ---- input ------------------------------------------------------------------------------------------------------ */

static const char *source_name(size_t index)
{
	return index < FOLDER_NUM_FILES ? folder_file_names[index] : SWEEP_TABLE_FILE;
}

static nescsim_status find_sources(job *self)
{
	const char *input = self->options->input;
	bool has_some = false;

	self->is_folder = path_is_folder(input);
	if (!self->is_folder) {
		self->sources[0].file_name = input;
		return NESCSIM_OK;
	}
	for (size_t i = 0; i <= FOLDER_NUM_FILES; i++) {
		struct stat info;
		char *file_name = join(self, input, strlen(input), "/");

		if (file_name != NULL)
			file_name = join(self, file_name, strlen(file_name), source_name(i));
		if (file_name == NULL)
			return NESCSIM_NO_MEMORY;
		if (i == FOLDER_RESULT || stat(file_name, &info) != 0)
			continue;
		self->sources[i].file_name = file_name;
		has_some = true;
	}
	if (!has_some)
		return complain(self, NESCSIM_USAGE, "`nescsim run` and `nescsim sweep` leave such",
				"'%s' is no result folder: there is neither a summary.csv nor a sweep.csv in it",
				input);
	return NESCSIM_OK;
}

/* The table of a source, read when it is asked for; what is wrong with it is reported once. */
static nescsim_status read_source(job *self, size_t index, const plot_table **table_out)
{
	source *from = &self->sources[index];

	if (!from->is_read)
		from->status = plot_table_read(from->file_name, &self->memory, self->diag, &from->table);
	from->is_read = true;
	*table_out = &from->table;
	return from->status;
}

/* Is a lone CSV what the figure is made of? One of another name is taken for a sweep. */
static bool is_for(const job *self, const plot_figure *figure)
{
	const char *name = path_last_name(self->options->input);

	for (size_t i = 0; i <= FOLDER_NUM_FILES; i++)
		if (strcmp(name, source_name(i)) == 0)
			return strcmp(figure->file, name) == 0;
	return strcmp(figure->file, SWEEP_TABLE_FILE) == 0;
}

/* Which source a figure is made of; FOLDER_NUM_FILES + 1 when the folder does not have it. */
static size_t source_of(const job *self, const plot_figure *figure)
{
	size_t index = 0;

	if (!self->is_folder)
		return 0;
	while (index <= FOLDER_NUM_FILES && strcmp(source_name(index), figure->file) != 0)
		index++;
	return index <= FOLDER_NUM_FILES && self->sources[index].file_name == NULL ? FOLDER_NUM_FILES + 1 : index;
}

/* The source that has both columns: a sweep rather than a run's files, and those in their order. */
static nescsim_status source_with(job *self, const char *x, const char *y, size_t *index_out)
{
	size_t to_blame = FOLDER_NUM_FILES + 1;
	bool blames_one = false; /* it has one of the columns, and lacks the other */

	*index_out = 0;
	for (size_t i = 0; self->is_folder && i <= FOLDER_NUM_FILES; i++) {
		const size_t index = (i + FOLDER_NUM_FILES) % (FOLDER_NUM_FILES + 1);
		const plot_table *table;
		nescsim_status status;
		bool has_x, has_y;

		if (self->sources[index].file_name == NULL)
			continue;
		status = read_source(self, index, &table);
		if (status != NESCSIM_OK)
			return status;
		has_x = plot_find_column(table, x) != PLOT_NO_COLUMN;
		has_y = plot_find_column(table, y) != PLOT_NO_COLUMN;
		if (has_x && has_y) {
			*index_out = index;
			return NESCSIM_OK;
		}
		if (to_blame > FOLDER_NUM_FILES || (!blames_one && (has_x || has_y)))
			to_blame = index;
		blames_one = blames_one || has_x || has_y;
	}
	*index_out = self->is_folder ? to_blame : 0;
	return NESCSIM_OK;
}

/* ---- output ----------------------------------------------------------------------------------------------------- */

static const char *known_format(const char *name)
{
	for (size_t i = 0; i < plot_num_formats; i++)
		if (strcmp(plot_formats[i], name) == 0)
			return plot_formats[i];
	return NULL;
}

nescsim_status plot_check_format(const char *name, nescsim_diag *diag)
{
	text_buffer hint = TEXT_EMPTY;
	nescsim_status status;

	if (name == NULL || known_format(name) != NULL)
		return NESCSIM_OK;
	for (size_t i = 0; i < plot_num_formats; i++)
		text_add(&hint, "%s%s", i == 0 ? "there are: " : ", ", plot_formats[i]);
	status = diag_add(diag, NESCSIM_ERROR, NESCSIM_USAGE, NULL, text_get(&hint), "there is no format '%s'", name);
	text_free(&hint);
	return status;
}

static nescsim_status no_memory_if(const void *pointer)
{
	return pointer == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;
}

/* Beside the input: results/vc707-figures. Not in it, where the next run would not dare to replace them. */
static nescsim_status default_output(job *self)
{
	const char *input = self->options->input;
	char whole[PATH_MAX];
	size_t num_bytes;

	/* "." and ".." have no name to go by. */
	if (strspn(path_last_name(input), ".") == strlen(path_last_name(input)) && realpath(input, whole) != NULL)
		input = whole;
	num_bytes = strlen(input);
	while (num_bytes > 1 && input[num_bytes - 1] == '/')
		num_bytes--;
	if (num_bytes > 4 && strncmp(input + num_bytes - 4, ".csv", 4) == 0)
		num_bytes -= 4;
	self->folder = join(self, input, num_bytes, "-figures");
	return no_memory_if(self->folder);
}

/* A file's name: its end may say the format. */
static nescsim_status file_output(job *self, bool is_alone)
{
	const char *out = self->options->out, *name = path_last_name(out), *dot = strrchr(name, '.');
	const char *by_name = dot != NULL ? known_format(dot + 1) : NULL;
	const size_t stem_bytes = by_name != NULL ? (size_t)(dot - name) : strlen(name);

	if (!is_alone)
		return complain(self, NESCSIM_USAGE, "with a slash behind it is one; --figure NAME draws a single one",
				"several figures need a folder, and '%s' is none", out);
	if (stem_bytes == 0)
		return complain(self, NESCSIM_USAGE, "such as figure.svg", "'%s' does not name a file", out);
	if (by_name == NULL && self->format == NULL)
		return complain(self, NESCSIM_USAGE, "end it in .svg, .png or .pdf, or give --format",
				"'%s' does not say which format", out);
	if (by_name != NULL && self->format != NULL && by_name != self->format)
		return complain(self, NESCSIM_USAGE, "leave out --format, or change the name", "'%s' is no name for %s",
				out, self->format);
	self->format = self->format != NULL ? self->format : by_name;
	self->folder = name == out ? "." : join(self, out, (size_t)(name - out), "");
	self->stem = arena_copy(&self->memory, name, stem_bytes);
	return self->folder == NULL || self->stem == NULL ? NESCSIM_NO_MEMORY : NESCSIM_OK;
}

static nescsim_status choose_output(job *self, bool is_alone)
{
	const nescsim_plot_options *options = self->options;
	nescsim_status status = NESCSIM_OK;

	status = plot_check_format(options->format, self->diag);
	if (status != NESCSIM_OK)
		return status;
	if (options->format != NULL)
		self->format = known_format(options->format);
	for (const char *at = options->out != NULL ? options->out : ""; *at != '\0'; at++)
		if (iscntrl((unsigned char)*at))
			return complain(self, NESCSIM_USAGE, NULL, "a control character in the output's name");
	if (options->out == NULL) {
		status = default_output(self);
	} else if (*options->out != '\0' &&
		   (options->out[strlen(options->out) - 1] == '/' || path_is_folder(options->out))) {
		self->folder = options->out;
	} else {
		status = file_output(self, is_alone);
	}
	if (self->format == NULL)
		self->format = DEFAULT_FORMAT;
	return status;
}

/* The name of a figure's file with this end. */
static const char *name_of(job *self, const char *stem, const char *end)
{
	const size_t folder_bytes = strlen(self->folder);
	const bool is_here = strcmp(self->folder, ".") == 0;
	const char *slash = folder_bytes != 0 && self->folder[folder_bytes - 1] == '/' ? "" : "/";
	const char *name = is_here ? "" : join(self, self->folder, folder_bytes, slash);

	name = name == NULL ? NULL : join(self, name, strlen(name), stem);
	name = name == NULL ? NULL : join(self, name, strlen(name), ".");
	return name == NULL ? NULL : join(self, name, strlen(name), end);
}

/* The data, then the script that draws them, then what it draws. */
static nescsim_status draw(job *self, const plot_chart *chart)
{
	const char *stem = self->stem != NULL ? self->stem : chart->name;
	const char *data_name = name_of(self, stem, "dat"), *script_name = name_of(self, stem, "gp");
	const char *picture_name = name_of(self, stem, self->format);
	text_buffer data = TEXT_EMPTY, script = TEXT_EMPTY, picture = TEXT_EMPTY;
	nescsim_status status = NESCSIM_OK;

	if (data_name == NULL || script_name == NULL || picture_name == NULL)
		return NESCSIM_NO_MEMORY;
	if (mkdir(self->folder, 0777) != 0 && errno != EEXIST) {
		self->is_hopeless = true;
		return complain(self, NESCSIM_IO, NULL, "cannot make the folder '%s': %s", self->folder,
				strerror(errno));
	}
	plot_script_data(chart, stem, &data);
	plot_script(chart, stem, self->format, &script);
	if (!text_ok(&data) || !text_ok(&script))
		status = NESCSIM_NO_MEMORY;
	if (status == NESCSIM_OK)
		status = output_save(data_name, &data, self->diag);
	if (status == NESCSIM_OK)
		status = output_save(script_name, &script, self->diag);
	if (status == NESCSIM_OK) {
		/* gnuplot takes a leading dash for an option. */
		const char *local_name = join(self, "./", 2, path_last_name(script_name));

		status = local_name == NULL
				 ? NESCSIM_NO_MEMORY
				 : plot_draw(self->folder, local_name, FIGURE_LIMIT_MS, &picture, self->diag);
		self->is_hopeless = status == NESCSIM_IO;
	}
	if (status == NESCSIM_OK)
		status = output_save(picture_name, &picture, self->diag);
	if (status == NESCSIM_OK && self->list != NULL)
		fprintf(self->list, "%s\n", picture_name);
	if (status == NESCSIM_OK && self->options->on_drawn != NULL) {
		const nescsim_drawn_figure drawn = {
			.name = chart->name, .help = chart->help, .title = chart->title, .file_name = picture_name
		};

		self->options->on_drawn(&drawn, self->options->context);
	}
	if (status == NESCSIM_OK && chart->has_mixture)
		diag_add(self->diag, NESCSIM_WARNING, NESCSIM_USAGE, NULL, "--by and --where take them apart",
			 "%s: a point stands for several rows: their mean, with a bar from the least to the most",
			 picture_name);
	text_free(&data);
	text_free(&script);
	text_free(&picture);
	return status;
}

/* ---- which figures ---------------------------------------------------------------------------------------------- */

/* The columns of y, an entry each. */
static nescsim_status split_y(job *self, const char *y, plot_figure *figure)
{
	memset(figure->y, 0, sizeof(figure->y));
	memset(figure->y_names, 0, sizeof(figure->y_names));
	for (size_t i = 0; *y != '\0'; i++) {
		const size_t num_bytes = strcspn(y, ",");

		if (i == PLOT_MAX_Y)
			return complain(self, NESCSIM_USAGE, NULL, "--y names more than %d columns", PLOT_MAX_Y);
		figure->y[i] = arena_copy(&self->memory, y, num_bytes);
		if (figure->y[i] == NULL)
			return NESCSIM_NO_MEMORY;
		y += num_bytes + (y[num_bytes] == ',');
	}
	return figure->y[0] == NULL ? complain(self, NESCSIM_USAGE, NULL, "--y names no column") : NESCSIM_OK;
}

/* What is wanted otherwise than the table of figures says. */
static nescsim_status override(job *self, const plot_wish *wish, plot_figure *figure)
{
	if (wish->x != NULL) {
		figure->x = wish->x;
		figure->x_title = figure->along = NULL;
		figure->x_scale = PLOT_SCALE_AUTO;
	}
	if (wish->x != NULL || wish->y != NULL)
		figure->title = "";
	if (wish->title != NULL)
		figure->title = wish->title;
	if (wish->name != NULL)
		figure->name = wish->name;
	if (wish->by != NULL)
		figure->by = wish->by;
	if (wish->y == NULL)
		return NESCSIM_OK;
	figure->y_title = NULL;
	figure->y_scale = PLOT_SCALE_AUTO;
	return split_y(self, wish->y, figure);
}

/* With the wish's conditions, and those of the options. */
static nescsim_status make_and_draw(job *self, const plot_wish *wish, const plot_figure *figure,
				    const plot_table *table)
{
	const nescsim_plot_options *options = self->options;
	const size_t num_where = wish->num_where + options->num_where;
	const char **where = arena_alloc(&self->memory, (num_where + 1) * sizeof(*where));
	plot_chart chart;
	nescsim_status status;

	if (where == NULL)
		return NESCSIM_NO_MEMORY;
	for (size_t i = 0; i < num_where; i++)
		where[i] = i < wish->num_where ? wish->where[i] : options->where[i - wish->num_where];
	status = plot_chart_make(figure, where, num_where, table, &self->memory, self->diag, &chart);
	return status == NESCSIM_OK ? draw(self, &chart) : status;
}

static nescsim_status draw_named(job *self, const plot_wish *wish, const plot_figure *known)
{
	plot_figure figure = *known;
	const size_t index = source_of(self, known);
	const plot_table *table;
	nescsim_status status;

	if (index > FOLDER_NUM_FILES)
		return complain(self, NESCSIM_USAGE,
				strcmp(known->file, SWEEP_TABLE_FILE) == 0 ? "it shows a sweep" : NULL,
				"there is no %s in '%s', which '%s' is made of", known->file, self->options->input,
				known->name);
	status = read_source(self, index, &table);
	if (status == NESCSIM_OK)
		status = override(self, wish, &figure);
	return status == NESCSIM_OK ? make_and_draw(self, wish, &figure, table) : status;
}

static nescsim_status find_figure(const job *self, const char *name, const plot_figure **figure_out)
{
	const char **names = calloc(plot_num_figures, sizeof(*names));
	const char *nearest;
	char hint[96];
	nescsim_status status;

	*figure_out = NULL;
	for (size_t i = 0; i < plot_num_figures; i++)
		if (strcmp(plot_figures[i].name, name) == 0)
			*figure_out = &plot_figures[i];
	for (size_t i = 0; names != NULL && i < plot_num_figures; i++)
		names[i] = plot_figures[i].name;
	if (*figure_out != NULL || names == NULL) {
		status = *figure_out != NULL ? NESCSIM_OK : NESCSIM_NO_MEMORY;
		free(names);
		return status;
	}
	nearest = diag_nearest(name, names, plot_num_figures);
	free(names);
	snprintf(hint, sizeof(hint), nearest != NULL ? "did you mean %s?" : "`nescsim plot --list` names them",
		 nearest);
	return complain(self, NESCSIM_USAGE, hint, "there is no figure '%s'", name);
}

/* The column that `y` begins with: "a" of "a+b" and of "speed_up(a)". */
static const char *first_column(job *self, const char *y)
{
	const char *open = strchr(y, '(');
	const char *begin = open != NULL && y[strlen(y) - 1] == ')' ? open + 1 : y;

	return arena_copy(&self->memory, begin, strcspn(begin, begin != y ? "+)" : "+"));
}

/* "iops, latency_p99_us by depth (op=read)" */
static const char *caption(job *self, const plot_wish *wish)
{
	text_buffer text = TEXT_EMPTY;
	const char *copy = NULL;

	for (const char *y = wish->y; *y != '\0'; y++)
		text_add(&text, *y == ',' ? ", " : "%c", *y);
	text_add(&text, " by %s", wish->x);
	for (size_t i = 0; i < wish->num_where; i++)
		text_add(&text, "%s%s", i == 0 ? " (" : ", ", wish->where[i]);
	text_add(&text, wish->num_where != 0 ? ")" : "");
	if (text_ok(&text))
		copy = arena_copy(&self->memory, text_get(&text), text.num_bytes);
	text_free(&text);
	return copy;
}

/* x against y, as they are named. */
static nescsim_status draw_columns(job *self, const plot_wish *wish)
{
	plot_figure figure = { .kind = PLOT_AUTO, .help = NULL };
	const plot_table *table;
	size_t index = 0;
	char *name = NULL;
	nescsim_status status = override(self, wish, &figure);

	if (status == NESCSIM_OK && figure.name == NULL) {
		/* "latency_mean_us_by_nesc.btlb.entries" */
		name = join(self, figure.y[0], strlen(figure.y[0]), "_by_");
		name = name == NULL ? NULL : join(self, name, strlen(name), figure.x);
		status = no_memory_if(name);
		for (char *at = name; status == NESCSIM_OK && *at != '\0'; at++)
			if (!isalnum((unsigned char)*at) && *at != '.' && *at != '-')
				*at = '_';
		figure.name = name;
	}
	if (status == NESCSIM_OK) {
		const char *y = first_column(self, figure.y[0]);

		status = y == NULL ? NESCSIM_NO_MEMORY : source_with(self, figure.x, y, &index);
	}
	if (status == NESCSIM_OK)
		status = read_source(self, index, &table);
	if (status == NESCSIM_OK) {
		figure.help = caption(self, wish);
		status = no_memory_if(figure.help);
	}
	return status == NESCSIM_OK ? make_and_draw(self, wish, &figure, table) : status;
}

static nescsim_status draw_wish(job *self, const plot_wish *wish)
{
	const plot_figure *figure;
	nescsim_status status;

	if (wish->figure == NULL)
		return draw_columns(self, wish);
	status = find_figure(self, wish->figure, &figure);
	return status == NESCSIM_OK ? draw_named(self, wish, figure) : status;
}

/* The wishes that the folder has kept, of a run or of a sweep; none of a lone CSV. */
static nescsim_status read_wishes(job *self, plot_wish **wishes_out, size_t *num_out)
{
	const char *const files[] = { folder_file_names[FOLDER_RESULT], SWEEP_PLAN_FILE };

	*num_out = 0;
	for (size_t i = 0; self->is_folder && i < sizeof(files) / sizeof(files[0]); i++) {
		char *name = join(self, self->options->input, strlen(self->options->input), "/");

		name = name == NULL ? NULL : join(self, name, strlen(name), files[i]);
		if (name == NULL)
			return NESCSIM_NO_MEMORY;
		if (access(name, F_OK) == 0)
			return plot_wishes_read(name, &self->memory, self->diag, wishes_out, num_out);
	}
	return NESCSIM_OK;
}

/* A figure of the table that is made of another file than the input has is not meant: it is of a sweep, and this is a run. */
static nescsim_status draw_if_meant(job *self, const plot_wish *wish, size_t *num_drawn)
{
	const plot_figure *figure = NULL;
	nescsim_status status = NESCSIM_OK;

	if (wish->figure != NULL)
		status = find_figure(self, wish->figure, &figure);
	if (figure != NULL && source_of(self, figure) > FOLDER_NUM_FILES)
		return NESCSIM_OK;
	(*num_drawn)++;
	if (status == NESCSIM_OK)
		status = draw_wish(self, wish);
	if (status != NESCSIM_OK && status != NESCSIM_NO_MEMORY && wish->name != NULL)
		diag_add(self->diag, NESCSIM_WARNING, status, NULL, NULL, "the figure '%s' is not drawn", wish->name);
	return status;
}

/* What the configuration wants, also behind what cannot be drawn. */
static nescsim_status draw_wanted(job *self, size_t *num_drawn)
{
	plot_wish *wishes;
	size_t num;
	nescsim_status first = read_wishes(self, &wishes, &num);

	for (size_t i = 0; i < num && first != NESCSIM_NO_MEMORY && !self->is_hopeless; i++) {
		const nescsim_status status = draw_if_meant(self, &wishes[i], num_drawn);

		first = first == NESCSIM_OK || status == NESCSIM_NO_MEMORY ? status : first;
	}
	return first;
}

/* What is asked for by a name: what the configuration calls so, or else a figure of the table. */
static nescsim_status find_wish(job *self, plot_wish *wish)
{
	const char *name = wish->figure;
	plot_wish *wishes;
	size_t num;
	nescsim_status status = read_wishes(self, &wishes, &num);

	for (size_t i = 0; status == NESCSIM_OK && i < num; i++) {
		if (wishes[i].name == NULL || strcmp(wishes[i].name, name) != 0)
			continue;
		wishes[i].x = wish->x != NULL ? wish->x : wishes[i].x;
		wishes[i].y = wish->y != NULL ? wish->y : wishes[i].y;
		wishes[i].by = wish->by != NULL ? wish->by : wishes[i].by;
		*wish = wishes[i];
		return NESCSIM_OK;
	}
	return status;
}

/* What the configuration wants; or else every figure of the table that the input has the data for. */
static nescsim_status draw_all(job *self)
{
	size_t num_drawn = 0;
	nescsim_status status = draw_wanted(self, &num_drawn);

	if (status != NESCSIM_OK || num_drawn != 0)
		return status;
	for (size_t i = 0; status == NESCSIM_OK && i < plot_num_figures; i++) {
		const nescsim_plot_options *options = self->options;
		const size_t index = source_of(self, &plot_figures[i]);
		const plot_table *table;
		plot_chart chart;

		if (index > FOLDER_NUM_FILES || (!self->is_folder && !is_for(self, &plot_figures[i])))
			continue;
		status = read_source(self, index, &table);
		if (status != NESCSIM_OK)
			break;
		/* Why one cannot be drawn is of no interest. */
		if (plot_chart_make(&plot_figures[i], options->where, options->num_where, table, &self->memory, NULL,
				    &chart) != NESCSIM_OK)
			continue;
		status = draw(self, &chart);
		num_drawn++;
	}
	if (status == NESCSIM_OK && num_drawn == 0)
		status = complain(self, NESCSIM_USAGE,
				  "--figure NAME says why; --x COLUMN --y COLUMN draws any two columns",
				  "there is nothing in '%s' that a figure could be made of", self->options->input);
	return status;
}

nescsim_status nescsim_plot(const nescsim_plot_options *options, FILE *list, nescsim_diag *diag)
{
	plot_wish wish = { .figure = options->figure, .x = options->x, .y = options->y, .by = options->by };
	job self = { .options = options, .diag = diag, .list = list };
	const bool has_columns = options->x != NULL || options->y != NULL;
	const bool is_alone = options->figure != NULL || has_columns;
	nescsim_status status = NESCSIM_OK;

	if (options->figure == NULL && has_columns && (options->x == NULL || options->y == NULL))
		status = complain(&self, NESCSIM_USAGE, "or --figure NAME with one of them",
				  "--x and --y are needed both");
	else if (!is_alone && options->by != NULL)
		status = complain(&self, NESCSIM_USAGE, NULL, "--by needs --figure NAME, or --x and --y");
	if (status == NESCSIM_OK)
		status = choose_output(&self, is_alone);
	if (status == NESCSIM_OK)
		status = find_sources(&self);
	if (status == NESCSIM_OK && options->figure != NULL)
		status = find_wish(&self, &wish);
	if (status == NESCSIM_OK)
		status = is_alone ? draw_wish(&self, &wish) : draw_all(&self);
	if (status == NESCSIM_OK && list != NULL && (fflush(list) != 0 || ferror(list)))
		status = NESCSIM_IO;
	arena_free(&self.memory);
	return status;
}
