/* fio job files: the same file drives real hardware by fio, and the simulator.
 *
 * What a file says is looked up in the schema of the workload kind `fio`, after its values have been turned into the
 * config's notation: 4k is 4 KiB as by fio's kb_base=1024, times have fio's units and defaults, 8k,32k is a list, 50% goes
 * to the key that takes percent. Options that change nothing about the requests are accepted; any other is a mistake that
 * names it.
 */
#ifndef WORKLOAD_FIO_JOB_H
#define WORKLOAD_FIO_JOB_H

#include "workload/fio.h"

/* A parsed file. */
typedef struct fio_job_file fio_job_file;

/* Parses `text`; `shown_name` (both are copied) is what messages call it. Mistakes are reported with line and column, all of
 * the file up to INPUT_MAX_ERRORS. Returns NESCSIM_OK, NESCSIM_CONFIG or NESCSIM_NO_MEMORY. On success *file_out is to be
 * freed with fio_job_close(), otherwise it is NULL. */
nescsim_status fio_job_parse(const char *text, const char *shown_name, nescsim_diag *diag, fio_job_file **file_out);

/* The same from a file of at most 1 MiB; one that cannot be read is reported at `place` (NULL = at the file itself). Also
 * returns NESCSIM_IO. */
nescsim_status fio_job_open(const char *file_name, const char *shown_name, const diag_place *place, nescsim_diag *diag,
			    fio_job_file **file_out);

/* The one job of a command line's words, such as "rw=randread", "bs=4k" and "norandommap", in the notation of job files;
 * direct=1 goes without saying. Messages name the option instead of a line. Otherwise as fio_job_parse(). */
nescsim_status fio_job_words(const char *const *given, size_t num_words, const char *shown_name, nescsim_diag *diag,
			     fio_job_file **file_out);

/* NULL is allowed. */
void fio_job_close(fio_job_file *file);

/* The jobs in the file's order, at least one; they belong to the file. */
const fio_job *fio_job_jobs(const fio_job_file *file, size_t *num_out);

/* A workload of kind `fio_job`, for source_open() and source_validate(); it belongs to the file. */
const cfg_variant *fio_job_workload(const fio_job_file *file);

/* The decoded section of the kind `fio_job`. */
typedef struct fio_job_params {
	cfg_path file;
	const fio_job_file *parsed; /* instead of `file`, or NULL */
} fio_job_params;

#endif
