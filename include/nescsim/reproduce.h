/* Experiments: configurations that say what they vary and what is drawn of them, run, drawn and reported by one call. */
#ifndef NESCSIM_REPRODUCE_H
#define NESCSIM_REPRODUCE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <nescsim/config.h>
#include <nescsim/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What to do. Strings need outlive only the call. */
typedef struct nescsim_reproduce_options {
	/* Configurations, and folders of them, of which those *.yaml are taken that have a section `figures`. */
	const char *const *inputs;
	size_t num_inputs;
	const nescsim_override *overrides; /* of all configurations */
	size_t num_overrides;
	const char *out_folder; /* required */
	const char *format;     /* of the figures: svg, png or pdf; NULL = svg */
	const char *executor;   /* of sweeps: a name of nescsim_sweep_executor(); NULL = the first, this machine */
	const char *program;    /* as in nescsim_sweep_options, for executors elsewhere */
	uint32_t num_jobs;      /* points of a sweep at a time; 0 = as many as this process has cores */
	int validate;           /* judge the published claims, too, with these overrides, in a section of the report */
	FILE *progress;         /* progress lines, written only when it is a terminal; NULL = none */
	FILE *list;             /* gets the name of each file that is made, a line each; NULL = none */
} nescsim_reproduce_options;

/* Runs each configuration: as a sweep when its section `sweep` varies something, else once; into out_folder/NAME, by the
 * configuration's name without its end. Points of a sweep that are there, made with the same configuration, are kept. Then
 * it draws what they want (the section `figures`, or all that there are data for) into out_folder/figures/, and writes
 * out_folder/report.html about all of it. The claims that it is to judge are those of nescsim_validate(), whatever the
 * configurations; a miss is no failure here. All configurations are loaded before the first one runs.
 *
 * This process runs simulations itself, after those of the sweeps. Signals: as in nescsim_sweep().
 *
 * Returns NESCSIM_OK; NESCSIM_USAGE (no configuration with figures in a folder, two of the same name, two figures of one
 * name, something else at out_folder); NESCSIM_CONFIG, NESCSIM_TRACE (mistakes in a configuration); NESCSIM_IO;
 * NESCSIM_NO_MEMORY; NESCSIM_RUN_FAILED (one failed; the others have run, are drawn and reported; or interrupted). */
nescsim_status nescsim_reproduce(const nescsim_reproduce_options *options, nescsim_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
