/* A small schema with one key of every type, and helpers that turn a text into a value or into its messages. */
#ifndef TESTS_CONFIG_SAMPLE_H
#define TESTS_CONFIG_SAMPLE_H

#include "config/config.h"

typedef struct sample_btlb {
	int64_t entries;
	int replacement;
} sample_btlb;

typedef struct sample_disk {
	int64_t size_bytes;
	cfg_path map;
} sample_disk;

typedef struct sample_vm {
	int64_t count;
	sample_disk disk;
	cfg_variant workload;
} sample_vm;

typedef struct sample {
	int64_t seed;
	bool check;
	const char *title;
	int64_t latency_ps, clock_hz, bandwidth_bps, setup_cycles, rate_micro;
	sample_btlb btlb;
	cfg_variant media;
	cfg_list vms;     /* sample_vm */
	cfg_list schemes; /* cfg_variant */
	cfg_list depths;  /* int64_t */
} sample;

typedef struct sample_dram {
	int64_t latency_ps, bandwidth_bps;
} sample_dram;

typedef struct sample_nand {
	int64_t num_channels, num_dies;
	sample_btlb cache;
} sample_nand;

typedef struct sample_scheme {
	int64_t depth;
	int64_t cost_ps;
} sample_scheme;

typedef struct sample_random {
	int64_t block_bytes, depth;
} sample_random;

extern const cfg_section sample_section;

/* Loads and decodes; the document (which owns the value's strings) or NULL. *messages_out, to be freed, holds the
 * diagnostics as printed. */
cfg_document *sample_read(const char *contents, const cfg_override *overrides, size_t num_overrides, sample *value_out,
			  char **messages_out);

/* Fails the test unless the text decodes without any message. */
cfg_document *sample_good(const char *contents, sample *value_out);

/* Fails the test unless the text (with one override, if path is not NULL) gives exactly these messages. */
void sample_bad(const char *contents, const char *messages);
void sample_bad_override(const char *contents, const char *path, const char *value, const char *messages);

/* Diagnostics as printed; to be freed. */
char *sample_messages(const nescsim_diag *diag);

#endif
