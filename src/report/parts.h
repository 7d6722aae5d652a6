/* What a page is put together from. A part writes itself into the page; what is wrong with its input goes into job->diag, and
 * then the page is not kept. All functions return NESCSIM_OK, NESCSIM_NO_MEMORY, or what nescsim_report() says about their
 * input.
 */
#ifndef REPORT_PARTS_H
#define REPORT_PARTS_H

#include <jansson.h>
#include <string.h>

#include "base/text.h"
#include "config/arena.h"
#include "metrics/account.h"
#include "metrics/decimal.h"
#include "nescsim/report.h"
#include "plot/table.h"
#include "report/html.h"

typedef struct report_job {
	nescsim_diag *diag;
	html_page page;
	arena memory;  /* of the section under way */
	size_t level;  /* of the headings of its parts: 2, or 3 in a collection */
	size_t number; /* of the section, from 1 */
} report_job;

/* A folder that a section is about. */
typedef struct report_source {
	const char *folder; /* as the user names it */
	const char *name;   /* its last part */
	bool is_sweep;
} report_source;

/* The style sheet and the script of the page. */
extern const char report_css[], report_js[];

/* ---- sections: run_section.c, sweep_section.c -------------------------------------------------------------------- */

nescsim_status report_run(report_job *job, const report_source *source);
nescsim_status report_sweep(report_job *job, const report_source *source);

/* ---- claims_section.c -------------------------------------------------------------------------------------------- */

/* What was published, and what became of it. */
nescsim_status report_claims(report_job *job, const nescsim_validation *from);

/* ---- figures.c --------------------------------------------------------------------------------------------------- */

/* All figures that nescsim_plot() makes of the folder when none is named, a caption each; or why there are none, which is a
 * warning in job->diag. */
nescsim_status report_figures(report_job *job, const report_source *source);

/* ---- reproduce.c ------------------------------------------------------------------------------------------------- */

/* What a result.json says of how its run was made. Belongs to `json`. */
typedef struct report_origin {
	const char *version;
	json_t *seed;   /* an integer */
	json_t *config; /* effective */
	json_t *files;  /* that it read; NULL: of a version that did not say */
} report_origin;

/* Takes them from a result.json that was read of the folder. An error when they are not there, or when the configuration
 * holds what no effective one has: null, or a number that is not whole; or when the files are no list of files. */
nescsim_status report_find_origin(report_job *job, const report_source *from, json_t *json, report_origin *origin_out);

/* Which keys are not to be listed, since they differ between the points of a sweep. */
typedef struct report_varying {
	const char *const *keys;
	size_t num_keys;
} report_varying;

/* Table of what the configuration says otherwise than the defaults do. */
nescsim_status report_changes(report_job *job, const report_origin *origin, const report_varying *varying);

/* Which version, seed and command make it again, with the configuration to be saved. `command` is a shell's words behind
 * "nescsim run NAME.yaml", say. */
nescsim_status report_reproduce(report_job *job, const report_source *from, const report_origin *origin,
				const char *command);

/* Which files `who` read, if any: "The run". */
void report_files(report_job *job, const report_origin *origin, const char *who);

/* Adds a word as a shell takes it, with a space before it unless it is the first. */
void report_add_word(text_buffer *command, const char *word);

/* ---- tables.c ---------------------------------------------------------------------------------------------------- */

/* Path of a file in a folder; belongs to job->memory. NULL when out of memory. */
const char *report_path(report_job *job, const char *folder, const char *name);

/* The path of a file that must be there: without it, it is half a result. */
nescsim_status report_find_file(report_job *job, const report_source *source, const char *name, const char **path_out);

/* Reads such a file, a JSON object of nescsim's. *json_out is a new reference, or NULL. */
nescsim_status report_read_json(report_job *job, const report_source *source, const char *name, json_t **json_out);

/* Reads a CSV. The same. */
nescsim_status report_read_table(report_job *job, const report_source *source, const char *name, plot_table *table_out);

/* Reports that a file does not hold what it should. Returns NESCSIM_CONFIG. */
nescsim_status report_damaged(report_job *job, const char *file_name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same of one without a key, or with something else there. */
nescsim_status report_lacks(report_job *job, const char *file_name, const char *keys);

/* The column of this name, which the table must have; PLOT_NO_COLUMN, and an error, when it does not. */
size_t report_column(report_job *job, const plot_table *table, const char *name);

/* A heading of a part, with `what` in its id. */
void report_heading(report_job *job, const char *what, const char *text);

/* Begins a table in its box: caption, then the heads are the caller's; `classes` may be "". */
void report_begin_table(report_job *job, const char *classes, const char *caption);
void report_head(report_job *job, const char *title, const char *help);
/* Above numbers. `classes` is "number", or "number extra" for what there is no room for on paper. */
void report_number_head(report_job *job, const char *classes, const char *title, const char *help);
void report_begin_rows(report_job *job);
void report_end_table(report_job *job);

/* A cell of text. One that is a number with a unit ("4 KiB") is sorted by its value. */
void report_cell(report_job *job, const char *text);

/* A cell with a number (classes as above): a text with up to six decimals, rounded to so many, more if it is small. Another text is shown as it
 * is. */
void report_number(report_job *job, const char *classes, const char *text, unsigned num_decimals);

/* A cell with the ratio of two whole numbers; empty when the second is 0. */
void report_ratio(report_job *job, metrics_i128 numerator, metrics_i128 denominator, unsigned num_decimals,
		  const char *behind);

/* What is shown of a row of summary.csv or sweep.csv. */
#define REPORT_NUM_MEASURES 9

typedef struct report_measures {
	size_t columns[REPORT_NUM_MEASURES];
} report_measures;

nescsim_status report_find_measures(report_job *job, const plot_table *table, report_measures *measures_out);
void report_measure_heads(report_job *job);
void report_measure_cells(report_job *job, const plot_table *table, const report_measures *measures, size_t row);

/* A line that must not be overlooked. */
void report_note(report_job *job, const char *text);

/* Is this cell of the row the given text? */
static inline bool report_is(const plot_table *table, size_t row, size_t column, const char *text)
{
	return strcmp(plot_cell(table, row, column), text) == 0;
}

#endif
