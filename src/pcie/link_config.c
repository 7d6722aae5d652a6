#include "pcie/link_config.h"

#include "pcie/tlp.h"

#define NUM(array) (sizeof(array) / sizeof((array)[0]))
#define LINK(field) offsetof(pcie_link_config, field)

#define CREDITS(field, most, value, whence, what)                                                           \
	{                                                                                                   \
		.name = #field, .type = CFG_COUNT, .offset_in_struct = offsetof(pcie_credit_config, field), \
		.default_text = value, .max_text = most, .source = whence, .help = what                     \
	}

#define INFINITE "PCIe base spec: receivers of read data advertise infinite credits"
#define FPGA "assumption: buffers of the size that FPGA endpoint cores have"
#define ROOT "assumption: large enough for full rate at the default latency"

/* clang-format off */
static const cfg_key up_keys[] = {
	CREDITS(posted_headers, "127", "64", ROOT, "Writes, messages that the root complex buffers; 0 = any."),
	CREDITS(posted_data, "2047", "1024", ROOT, "Written data that it buffers, in 16 B credits; 0 = any."),
	CREDITS(nonposted_headers, "127", "64", ROOT, "Read requests that it buffers; 0 = any number."),
	CREDITS(completion_headers, "127", "0", INFINITE, "Completions that it buffers; 0 = any number."),
	CREDITS(completion_data, "2047", "0", INFINITE, "Read data that it buffers, in 16 B credits; 0 = any."),
};

static const cfg_key down_keys[] = {
	CREDITS(posted_headers, "127", "32", FPGA, "Writes and messages that the device buffers; 0 = any number."),
	CREDITS(posted_data, "2047", "512", FPGA, "Written data that it buffers, in 16 B credits; 0 = any."),
	CREDITS(nonposted_headers, "127", "12", FPGA, "Read requests that it buffers; 0 = any number."),
	CREDITS(completion_headers, "127", "0", INFINITE, "Completions that it buffers; 0 = any number."),
	CREDITS(completion_data, "2047", "0", INFINITE, "Read data that it buffers, in 16 B credits; 0 = any."),
};
/* clang-format on */

static const cfg_section up_section = {
	.name = "link.credits.up",
	.keys = up_keys,
	.num_keys = NUM(up_keys),
	.struct_bytes = sizeof(pcie_credit_config),
};

static const cfg_section down_section = {
	.name = "link.credits.down",
	.keys = down_keys,
	.num_keys = NUM(down_keys),
	.struct_bytes = sizeof(pcie_credit_config),
};

/* Offsets within the `credits` member, which has no type name of its own. */
static const cfg_key credits_keys[] = {
	{ .name = "up",
	  .type = CFG_SECTION,
	  .offset_in_struct = LINK(credits.up) - LINK(credits),
	  .section = &up_section,
	  .help = "What the root complex advertises: limits the device's TLPs." },
	{ .name = "down",
	  .type = CFG_SECTION,
	  .offset_in_struct = LINK(credits.down) - LINK(credits),
	  .section = &down_section,
	  .help = "What the device advertises: limits the root complex's TLPs." },
};

static const cfg_section credits_section = {
	.name = "link.credits",
	.keys = credits_keys,
	.num_keys = NUM(credits_keys),
	.struct_bytes = sizeof(((pcie_link_config *)0)->credits),
};

static const char *const completion_pieces_names[] = { "max_payload", "boundary", NULL };

/* clang-format off */
static const cfg_key link_keys[] = {
	{.name = "generation", .type = CFG_COUNT, .offset_in_struct = LINK(generation), .default_text = "2",
	 .min_text = "1", .max_text = "5", .help = "PCIe generation: 2.5, 5, 8, 16 or 32 GT/s per lane.",
	 .source = "thesis: stated (VC707 board, PCIe gen 2 x8)"},
	{.name = "lanes", .type = CFG_COUNT, .offset_in_struct = LINK(lanes), .default_text = "8", .min_text = "1",
	 .max_text = "16", .power_of_two = true, .help = "Link width.",
	 .source = "thesis: stated (VC707 board, PCIe gen 2 x8)"},
	{.name = "max_payload", .type = CFG_BYTES, .offset_in_struct = LINK(max_payload), .default_text = "256 B",
	 .min_text = "128 B", .max_text = "4096 B", .power_of_two = true,
	 .help = "Largest payload of one write or completion.",
	 .source = "assumption: usual for Intel servers of the time"},
	{.name = "max_read_request", .type = CFG_BYTES, .offset_in_struct = LINK(max_read_request),
	 .default_text = "512 B", .min_text = "128 B", .max_text = "4096 B", .power_of_two = true,
	 .help = "Most bytes that one read request asks for.", .source = "PCIe base spec: value after reset"},
	{.name = "read_completion_boundary", .type = CFG_BYTES, .offset_in_struct = LINK(read_completion_boundary),
	 .default_text = "64 B", .min_text = "64 B", .max_text = "128 B", .power_of_two = true,
	 .help = "Address multiple on which all but the last completion of a read end.",
	 .source = "PCIe base spec: 64 B or 128 B for root complexes"},
	{.name = "completion_pieces", .type = CFG_ENUM, .offset_in_struct = LINK(completion_pieces),
	 .default_text = "max_payload", .choices = completion_pieces_names,
	 .help = "Read data comes in completions of up to the maximum payload, or of one boundary each.",
	 .source = "pcie-bench model: max_payload by default"},
	{.name = "credits", .type = CFG_SECTION, .offset_in_struct = LINK(credits), .section = &credits_section,
	 .help = "Buffer space that limits what may be under way."},
	{.name = "credit_return", .type = CFG_DURATION, .offset_in_struct = LINK(credit_return),
	 .default_text = "50 ns", .max_text = "1 ms",
	 .help = "Time from a TLP's arrival until its receiver frees the buffer.",
	 .source = "assumption: a dozen cycles at 250 MHz"},
	{.name = "tags", .type = CFG_COUNT, .offset_in_struct = LINK(tags), .default_text = "32", .min_text = "1",
	 .max_text = "256", .help = "Read requests that the device may have outstanding.",
	 .source = "PCIe base spec: 5-bit tags after reset"},
	{.name = "latency", .type = CFG_DURATION, .offset_in_struct = LINK(latency), .default_text = "120 ns",
	 .max_text = "1 ms",
	 .help = "One way: PHY, propagation and port logic, from the last byte sent to its receiver.",
	 .source = "fitted to: pcie-bench, 64 B DMA read in 560 ns on gen 3 x8 (with rc_latency)"},
	{.name = "rc_latency", .type = CFG_DURATION, .offset_in_struct = LINK(rc_latency), .default_text = "305 ns",
	 .max_text = "1 ms", .help = "Root complex and memory: from a read request's arrival to its data.",
	 .source = "fitted to: pcie-bench, 64 B DMA read in 560 ns on gen 3 x8 (with latency)"},
	{.name = "iommu", .type = CFG_BOOL, .offset_in_struct = LINK(iommu), .default_text = "false",
	 .help = "DMA addresses are translated by an IOMMU.",
	 .source = "thesis: stated (emulated VFs are unknown to the IOMMU)"},
	{.name = "iotlb_entries", .type = CFG_COUNT, .offset_in_struct = LINK(iotlb_entries), .default_text = "64",
	 .min_text = "1", .max_text = "1024", .help = "4 KiB pages in the IOMMU's translation cache.",
	 .source = "pcie-bench: inferred from the window size at which latency jumps"},
	{.name = "iotlb_miss", .type = CFG_DURATION, .offset_in_struct = LINK(iotlb_miss), .default_text = "240 ns",
	 .max_text = "1 ms", .help = "Extra latency of a read whose page is not in the IOMMU's cache.",
	 .source = "pcie-bench: ~240 ns for a miss"},
	{.name = "dllp_share", .type = CFG_BOOL, .offset_in_struct = LINK(dllp_share), .default_text = "true",
	 .help = "ACKs, flow-control updates and SKIPs take their share of the rate.", .source = "pcie-bench model"},
	{.name = "bit_error_rate", .type = CFG_DECIMAL, .offset_in_struct = LINK(bit_error_rate), .default_text = "0",
	 .max_text = "1e-4", .decimal_scale = INT64_C(1000000000000000000),
	 .help = "Chance that a bit on the line is wrong, which costs a replay; real links stay below 1e-12.",
	 .source = "assumption: an error-free link (PCIe base spec: at most 1e-12)"},
	{.name = "nak_latency", .type = CFG_DURATION, .offset_in_struct = LINK(nak_latency), .default_text = "100 ns",
	 .max_text = "1 ms", .help = "Time from a corrupt TLP's arrival until its receiver sends the NAK.",
	 .source = "assumption: two dozen cycles at 250 MHz"},
};
/* clang-format on */

static void check_class(cfg_check *check, const pcie_link_config *config, const char *headers_key, const char *data_key,
			int64_t num_headers, int64_t num_data)
{
	int64_t most = config->max_payload >> PCIE_DATA_CREDIT_SHIFT;

	if (num_data == 0)
		return;
	if (num_headers == 0)
		cfg_conflict(check, headers_key, "set both to 0, or both to a number",
			     "infinite header credits need infinite data credits");
	if (num_data < most)
		cfg_conflict(check, data_key, "a TLP of link.max_payload must fit",
			     "%lld credits of 16 B are fewer than the %lld of the largest TLP", (long long)num_data,
			     (long long)most);
}

static void check_link(const void *value, cfg_check *check)
{
	const pcie_link_config *config = value;
	const pcie_credit_config *up = &config->credits.up, *down = &config->credits.down;

	check_class(check, config, "credits.up.posted_headers", "credits.up.posted_data", up->posted_headers,
		    up->posted_data);
	check_class(check, config, "credits.up.completion_headers", "credits.up.completion_data",
		    up->completion_headers, up->completion_data);
	check_class(check, config, "credits.down.posted_headers", "credits.down.posted_data", down->posted_headers,
		    down->posted_data);
	check_class(check, config, "credits.down.completion_headers", "credits.down.completion_data",
		    down->completion_headers, down->completion_data);
}

const cfg_section pcie_link_section = {
	.name = "link",
	.keys = link_keys,
	.num_keys = NUM(link_keys),
	.struct_bytes = sizeof(pcie_link_config),
	.check = check_link,
};
