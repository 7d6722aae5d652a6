/* A block request as a guest's (or a host process's) block layer sees it. */
#ifndef WORKLOAD_IO_H
#define WORKLOAD_IO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

/* X(symbol, name in CSVs) in the order of the CSV rows */
#define IO_OP_LIST(X)     \
	X(READ, "read")   \
	X(WRITE, "write") \
	X(FLUSH, "flush") \
	X(DISCARD, "discard")

typedef enum io_op {
#define IO_OP_ENUM(symbol, name) IO_##symbol,
	IO_OP_LIST(IO_OP_ENUM)
#undef IO_OP_ENUM
	IO_NUM_OPS
} io_op;

#define IO_SECTOR_BYTES 512

typedef struct io_request {
	uint64_t number;       /* from 0 per source, in submission order */
	uint64_t first_sector; /* 512 B units, from the start of the virtual disk */
	uint64_t num_sectors;  /* 0 for a flush */
	io_op op;
	bool preflush; /* write only: earlier completed writes become durable first */
	bool fua;      /* write only: durable at completion */
} io_request;

/* Called with the name of a file that will be opened. */
typedef void io_file_visitor(void *context, const char *file_name);

#endif
