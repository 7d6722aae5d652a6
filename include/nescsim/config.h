/* Configurations: loading, checking, describing. */
#ifndef NESCSIM_CONFIG_H
#define NESCSIM_CONFIG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <nescsim/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A loaded, checked configuration. Running it changes nothing in it, so it may be run many times. */
typedef struct nescsim_config nescsim_config;

/* One change to a loaded file: path "vms[0].disk.bytes", value as one would write it in the file ("4 GiB"). */
typedef struct nescsim_override {
	const char *path;
	const char *value;
	/* What names of files in the value are relative to, "configs/"; NULL = the working directory. */
	const char *folder;
} nescsim_override;

/* Reads a YAML file and what its `base:` names, applies the overrides in their order, and checks every key, also
 * against the others. The strings of `overrides` need not outlive the call; `overrides` may be NULL when there are none.
 *
 * Returns NESCSIM_OK; NESCSIM_CONFIG (any mistake: all of them are in diag); NESCSIM_IO (unreadable file);
 * NESCSIM_NO_MEMORY. On success *config_out is to be freed with nescsim_config_destroy(), otherwise it is NULL. */
nescsim_status nescsim_config_load(const char *file_name, const nescsim_override *overrides, size_t num_overrides,
				   nescsim_diag *diag, nescsim_config **config_out);

/* The same from text in memory. `name` stands for the file in messages; relative paths start at the working
 * directory. */
nescsim_status nescsim_config_load_text(const char *name, const char *text, const nescsim_override *overrides,
					size_t num_overrides, nescsim_diag *diag, nescsim_config **config_out);

/* NULL is allowed. */
void nescsim_config_destroy(nescsim_config *config);

/* Runs these schemes, in this order, instead of those of the configuration. A scheme that the configuration lists keeps
 * its parameters, another one has its defaults. The first one is what the others are compared with.
 * Returns NESCSIM_OK; NESCSIM_USAGE (an unknown name, with the nearest match; a name twice; none at all);
 * NESCSIM_NO_MEMORY. After an error the configuration is as it was. */
nescsim_status nescsim_config_set_schemes(nescsim_config *config, const char *const *names, size_t num_names,
					  nescsim_diag *diag);

/* Checks what the configuration refers to: traces and maps of files must exist, be whole, and fit their disks, and the
 * disks the medium. nescsim_run() does this too. Returns NESCSIM_OK; NESCSIM_TRACE, NESCSIM_CONFIG or NESCSIM_IO (all
 * mistakes are in diag); NESCSIM_NO_MEMORY. */
nescsim_status nescsim_config_check_inputs(const nescsim_config *config, nescsim_diag *diag);

/* Writes the effective configuration, every default filled in, as YAML that loads back to the same.
 * Returns NESCSIM_OK or NESCSIM_IO. */
nescsim_status nescsim_config_print(const nescsim_config *config, FILE *out);

/* Writes the reference of every key at and below `path` ("nesc.btlb"; NULL = all): type, unit, range, default, where
 * the default comes from; `from` ("fitted to"; NULL = any) leaves only those whose default's source begins with it.
 * Returns NESCSIM_OK; NESCSIM_USAGE (no such key; the nearest match is in diag); NESCSIM_IO. */
nescsim_status nescsim_config_describe(const char *path, const char *from, FILE *out, nescsim_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
