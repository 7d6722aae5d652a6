#include "nescsim/link.h"

#include <inttypes.h>

#include "metrics/decimal.h"
#include "metrics/table.h"
#include "pcie/probe.h"
#include "run/scenario.h"

_Static_assert(NESCSIM_LINK_NUM_ROWS == PCIE_PROBE_NUM_ROWS, "the public rows are the probe's");

void nescsim_link_probe(const nescsim_config *config, nescsim_link_row rows_out[NESCSIM_LINK_NUM_ROWS])
{
	pcie_probe_row rows[PCIE_PROBE_NUM_ROWS];

	pcie_probe_all(&config->scenario.link, (uint64_t)config->scenario.sim.seed, rows);
	for (int i = 0; i < PCIE_PROBE_NUM_ROWS; i++)
		rows_out[i] = (nescsim_link_row){
			.transfer_bytes = rows[i].transfer_bytes,
			.write_up_bps = rows[i].write_up_bps,
			.write_down_bps = rows[i].write_down_bps,
			.write_limit_bps = rows[i].write_limit_bps,
			.read_bps = rows[i].read_bps,
			.read_limit_bps = rows[i].read_limit_bps,
			.read_latency_ps = rows[i].read_latency_ps,
			.write_latency_ps = rows[i].write_latency_ps,
		};
}

static void cell(table *to, int64_t value, int64_t unit, unsigned num_decimals)
{
	char text[DECIMAL_TEXT_BYTES];

	decimal_ratio(value, unit, num_decimals, text, sizeof(text));
	table_cell(to, "%s", text);
}

nescsim_status nescsim_link_print(const nescsim_config *config, FILE *out)
{
	static const table_column columns[] = {
		{ "bytes", TABLE_RIGHT },       { "write up", TABLE_RIGHT }, { "write down", TABLE_RIGHT },
		{ "write limit", TABLE_RIGHT }, { "read", TABLE_RIGHT },     { "read limit", TABLE_RIGHT },
		{ "read us", TABLE_RIGHT },     { "write us", TABLE_RIGHT },
	};
	const pcie_link_config *link = &config->scenario.link;
	nescsim_link_row rows[NESCSIM_LINK_NUM_ROWS];
	table *to = table_create(columns, sizeof(columns) / sizeof(columns[0]));
	nescsim_status status;

	if (to == NULL)
		return NESCSIM_NO_MEMORY;
	nescsim_link_probe(config, rows);
	for (int i = 0; i < NESCSIM_LINK_NUM_ROWS; i++) {
		table_cell(to, "%" PRIu64, rows[i].transfer_bytes);
		cell(to, rows[i].write_up_bps, 1000000, 1);
		cell(to, rows[i].write_down_bps, 1000000, 1);
		cell(to, rows[i].write_limit_bps, 1000000, 1);
		cell(to, rows[i].read_bps, 1000000, 1);
		cell(to, rows[i].read_limit_bps, 1000000, 1);
		cell(to, rows[i].read_latency_ps, PS_PER_US, 3);
		cell(to, rows[i].write_latency_ps, PS_PER_US, 3);
		table_end_row(to);
	}
	fprintf(out,
		"PCIe generation %" PRId64 " x%" PRId64
		", the link alone. Rates in MB/s of payload, latencies in us.\n\n",
		link->generation, link->lanes);
	status = table_print(to, out);
	table_destroy(to);
	if (status != NESCSIM_OK)
		return status;
	fputs("\nup: the device writes host memory; down: the host writes device memory; read: the device reads host "
	      "memory\n"
	      "with all its tags in use. limit: closed form without credits, tags, latency and bit errors.\n",
	      out);
	return fflush(out) != 0 || ferror(out) ? NESCSIM_IO : NESCSIM_OK;
}
