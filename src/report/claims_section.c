#include "nescsim/validate.h"

#include "report/parts.h"
#include "run/validate.h"

static void add_row(report_job *job, const nescsim_finding *of)
{
	const char *cells[CLAIM_NUM_COLUMNS];

	claim_cells(of, cells);
	html_add(&job->page, "<tr><th scope=\"row\">%s</th>", cells[0]);
	for (size_t i = 1; i + 1 < CLAIM_NUM_COLUMNS; i++)
		html_add(&job->page, "<td>%s</td>", cells[i]);
	html_add(&job->page, of->verdict == NESCSIM_MISS ? "<td><strong>%s</strong></td></tr>\n" : "<td>%s</td></tr>\n",
		 cells[CLAIM_NUM_COLUMNS - 1]);
}

static void add_table(report_job *job, const nescsim_validation *from, int fitted)
{
	const nescsim_finding *of;

	report_begin_table(job, "sortable", "What was published, how its words are read, and what is simulated");
	for (size_t i = 0; i < CLAIM_NUM_COLUMNS; i++)
		report_head(job, claim_columns[i], NULL);
	report_begin_rows(job);
	for (size_t i = 0; (of = nescsim_validation_at(from, i)) != NULL; i++)
		if (of->claim->fitted == fitted)
			add_row(job, of);
	report_end_table(job);
}

static void add_misses(report_job *job, const nescsim_validation *from, int fitted)
{
	const nescsim_finding *of;

	if (nescsim_validation_count(from, fitted, NESCSIM_MISS) == 0)
		return;
	html_add(&job->page, "<ul>\n");
	for (size_t i = 0; (of = nescsim_validation_at(from, i)) != NULL; i++)
		if (of->claim->fitted == fitted && of->verdict == NESCSIM_MISS)
			html_add(&job->page, "<li>%s, %s: missed at %s. Lacking: %s.</li>\n", of->claim->id,
				 of->claim->op, of->missed_at,
				 of->claim->lacking != NULL ? of->claim->lacking : "not known");
	html_add(&job->page, "</ul>\n");
}

nescsim_status report_claims(report_job *job, const nescsim_validation *from)
{
	bool failed = false;

	/* What is evidence first. */
	for (int fitted = 0; fitted <= 1; fitted++) {
		text_buffer count = TEXT_EMPTY;

		if (claim_add_count(from, fitted, &count)) {
			report_heading(job, fitted ? "fitted" : "predicted", claim_kinds[fitted].name);
			html_add(&job->page, "<p>%s (%s).</p>\n", text_get(&count), claim_kinds[fitted].meaning);
			add_table(job, from, fitted);
			add_misses(job, from, fitted);
		}
		failed = failed || !text_ok(&count);
		text_free(&count);
	}
	return failed ? NESCSIM_NO_MEMORY : NESCSIM_OK;
}
