#include "nescsim/validate.h"

#include "report/parts.h"
#include "run/validate.h"

static void add_row(report_job *job, const nescsim_finding *of)
{
	html_page *page = &job->page;

	html_add(page, "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td>",
		 of->claim->id, of->claim->op, of->claim->source, of->claim->published, of->reading, of->simulated);
	if (of->verdict == NESCSIM_MISS)
		html_add(page, "<td><strong>%s</strong></td></tr>\n", nescsim_verdict_text(of->verdict));
	else
		html_add(page, "<td>%s</td></tr>\n", nescsim_verdict_text(of->verdict));
}

static void add_table(report_job *job, const nescsim_validation *from, int fitted)
{
	static const char *const heads[] = { "claim",   "operation", "source", "published",
					     "read as", "simulated", "verdict" };
	const nescsim_finding *of;

	report_begin_table(job, "sortable", "What was published, how its words are read, and what is simulated");
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		report_head(job, heads[i], NULL);
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

void report_claims(report_job *job, const nescsim_validation *from)
{
	/* What is evidence first. */
	for (int fitted = 0; fitted <= 1; fitted++) {
		const size_t num_holds = nescsim_validation_count(from, fitted, NESCSIM_HOLDS);
		const size_t num_misses = nescsim_validation_count(from, fitted, NESCSIM_MISS);
		const size_t num_left = nescsim_validation_count(from, fitted, NESCSIM_NOT_SIMULATED);

		if (num_holds + num_misses + num_left == 0)
			continue;
		report_heading(job, fitted ? "fitted" : "predicted", claim_kinds[fitted].name);
		html_add(&job->page, "<p>%zu hold, %zu miss", num_holds, num_misses);
		if (num_left != 0)
			html_add(&job->page, ", %zu not simulated", num_left);
		html_add(&job->page, " (%s).</p>\n", claim_kinds[fitted].meaning);
		add_table(job, from, fitted);
		add_misses(job, from, fitted);
	}
}
