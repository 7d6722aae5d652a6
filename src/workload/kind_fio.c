/* fio: one job in fio's own words. What the options mean is in fio.c, how a job file names them in fio_job.c. */
#include <stddef.h>

#include "workload/fio.h"

#define KEYS(array) .keys = (array), .num_keys = sizeof(array) / sizeof((array)[0])
#define AT(member) .offset_in_struct = offsetof(fio_params, member)

/* In the order of fio_rw. */
static const char *const rw_choices[] = { "read", "write",     "trim",   "randread",  "randwrite",     "randtrim",
					  "rw",   "readwrite", "randrw", "trimwrite", "randtrimwrite", NULL };
/* The first FIO_NUM_ASYNC_ENGINES keep several requests outstanding. */
static const char *const engine_choices[] = { "libaio", "io_uring", "posixaio", "psync", "sync",
					      "vsync",  "pvsync",   "pvsync2",  NULL };
static const char *const submit_choices[] = { "inline", "offload", NULL };
static const char *const pace_choices[] = { "linear", "poisson", "bursty", NULL };
static const char *const blocks_choices[] = { "complete", "issue", NULL };
static const char *const split_choices[] = { "all", "read", "write", "trim", NULL };

static const cfg_key zipf_keys[] = {
	{ .name = "theta",
	  .type = CFG_DECIMAL,
	  .offset_in_struct = offsetof(fio_law_params, exponent),
	  .decimal_scale = FIO_LAW_SCALE,
	  .default_text = "1.1",
	  .min_text = "0.01",
	  .max_text = "10",
	  .help = "The k-th most popular block is drawn with a probability proportional to 1 / k^theta.",
	  .source = "fio: its default" },
};
static const cfg_section zipf_section = { .name = "zipf", KEYS(zipf_keys), .struct_bytes = sizeof(fio_law_params) };

static const cfg_key pareto_keys[] = {
	{ .name = "h",
	  .type = CFG_DECIMAL,
	  .offset_in_struct = offsetof(fio_law_params, exponent),
	  .decimal_scale = FIO_LAW_SCALE,
	  .default_text = "0.2",
	  .min_text = "0.0001",
	  .max_text = "0.9999",
	  .help = "A share h of the blocks gets a share 1 - h of the requests, and so on within that share.",
	  .source = "fio: its default" },
};
static const cfg_section pareto_section = { .name = "pareto",
					    KEYS(pareto_keys),
					    .struct_bytes = sizeof(fio_law_params) };

/* In the order of fio_law. */
static const cfg_variant_row law_rows[] = {
	{ "random", "every block alike", NULL },
	{ "zipf", "few blocks are popular, by Zipf's law", &zipf_section },
	{ "pareto", "few blocks are popular, by a self-similar law such as 80:20", &pareto_section },
};
static const cfg_variants laws = {
	.tag = "kind",
	.default_name = "random",
	.rows = law_rows,
	.num_rows = sizeof(law_rows) / sizeof(law_rows[0]),
};

static const cfg_key split_keys[] = {
	{ .name = "size",
	  .type = CFG_BYTES,
	  .offset_in_struct = offsetof(fio_split, size_bytes),
	  .min_text = "512 B",
	  .max_text = "1 GiB",
	  .help = "A size of requests; a multiple of 512 B." },
	{ .name = "percent",
	  .type = CFG_COUNT,
	  .offset_in_struct = offsetof(fio_split, percent),
	  .default_text = "0",
	  .max_text = "100",
	  .help = "Share of the requests of its direction; 0 = an equal share of what the others leave.",
	  .source = "fio: a percentage left out" },
	{ .name = "op",
	  .type = CFG_ENUM,
	  .offset_in_struct = offsetof(fio_split, op),
	  .default_text = "all",
	  .choices = split_choices,
	  .help = "The direction that it is for; a direction with sizes of its own takes none of `all`.",
	  .source = "fio: one list is for all" },
};
static const cfg_section split_section = { .name = "bssplit", KEYS(split_keys), .struct_bytes = sizeof(fio_split) };

/* The defaults are those of a direction that a job file leaves out of its list. */
static const cfg_key bs_element = {
	.name = "bs", .type = CFG_BYTES, .default_text = "4 KiB", .min_text = "512 B", .max_text = "1 GiB"
};
static const cfg_key split_element = { .name = "bssplit", .type = CFG_SECTION, .section = &split_section };
static const cfg_key percent_element = {
	.name = "percentage_random", .type = CFG_COUNT, .default_text = "100", .max_text = "100"
};
static const cfg_key rate_element = { .name = "rate", .type = CFG_RATE, .default_text = "0 B/s" };
static const cfg_key iops_element = {
	.name = "rate_iops", .type = CFG_COUNT, .default_text = "0", .max_text = "1000000000"
};

static const cfg_key fio_keys[] = {
	{ .name = "rw",
	  .type = CFG_ENUM,
	  AT(rw),
	  .default_text = "read",
	  .choices = rw_choices,
	  .help = "What the requests do and in which order. Of mixed directions each has a position of its "
		  "own; trims are discards, and trimwrite writes what it has just trimmed.",
	  .source = "fio: its default" },
	{ .name = "ioengine",
	  .type = CFG_ENUM,
	  AT(ioengine),
	  .default_text = "psync",
	  .choices = engine_choices,
	  .help = "libaio, io_uring and posixaio keep iodepth requests outstanding, the others one. Nothing "
		  "else differs: all pay the guest's costs of a system call per request.",
	  .source = "fio: its default on Linux" },
	{ .name = "direct",
	  .type = CFG_BOOL,
	  AT(direct),
	  .default_text = "true",
	  .help = "Requests bypass the guest's page cache, which is not simulated: must be true. fio's own "
		  "default is 0, so a job file has to say direct=1.",
	  .source = "choice: the guest has no page cache" },
	{ .name = "bs",
	  .type = CFG_LIST,
	  AT(bs),
	  .default_text = "[4 KiB]",
	  .element = &bs_element,
	  .one_or_list = true,
	  .help = "Size of a request, a multiple of 512 B; of reads, writes and trims if there are several, "
		  "the last standing for those not given.",
	  .source = "fio: its default" },
	{ .name = "bssplit",
	  .type = CFG_LIST,
	  AT(bssplit),
	  .default_text = "[]",
	  .element = &split_element,
	  .help = "Sizes drawn with given shares, instead of bs. Places are multiples of the smallest one. "
		  "Where a sequence ends, only sizes that fit are drawn.",
	  .source = "fio: none" },
	{ .name = "size",
	  .type = CFG_BYTES,
	  AT(size_bytes),
	  .default_text = "0 B",
	  .help = "Bytes of the disk, from offset, that the job uses, and how many it moves unless io_size "
		  "says so; 0 = to the end of the disk. What holds no whole request is left alone.",
	  .source = "fio: the whole device" },
	{ .name = "size_percent",
	  .type = CFG_COUNT,
	  AT(size_percent),
	  .default_text = "0",
	  .max_text = "100",
	  .help = "The same in percent of the disk, but no further than its end (size=50% in a job file); 0 = "
		  "given by `size`.",
	  .source = "fio: none" },
	{ .name = "io_size",
	  .type = CFG_BYTES,
	  AT(io_size_bytes),
	  .default_text = "0 B",
	  .help = "Bytes that the job moves before it ends, the last request as a whole; 0 = as many as `size`.",
	  .source = "fio: its default" },
	{ .name = "offset",
	  .type = CFG_BYTES,
	  AT(offset_bytes),
	  .default_text = "0 B",
	  .help = "Where the job's part of the disk begins; a multiple of 512 B.",
	  .source = "fio: its default" },
	{ .name = "offset_percent",
	  .type = CFG_COUNT,
	  AT(offset_percent),
	  .default_text = "0",
	  .max_text = "100",
	  .help = "The same in percent of the disk, rounded up to a multiple of the smallest bs (offset=50% in "
		  "a job file); 0 = given by `offset`.",
	  .source = "fio: none" },
	{ .name = "offset_increment",
	  .type = CFG_BYTES,
	  AT(offset_increment_bytes),
	  .default_text = "0 B",
	  .help = "Clone k of numjobs, from 0, begins k times this further on; a multiple of 512 B.",
	  .source = "fio: its default" },
	{ .name = "number_ios",
	  .type = CFG_COUNT,
	  AT(number_ios),
	  .default_text = "0",
	  .max_text = "1000000000000",
	  .help = "The job ends after this many requests times loops, flushes not counted, if it has not "
		  "before; 0 = no limit.",
	  .source = "fio: its default" },
	{ .name = "loops",
	  .type = CFG_COUNT,
	  AT(loops),
	  .default_text = "1",
	  .min_text = "1",
	  .max_text = "1000000",
	  .help = "How many times the job moves its bytes.",
	  .source = "fio: its default" },
	{ .name = "runtime",
	  .type = CFG_DURATION,
	  AT(runtime_ps),
	  .default_text = "0 s",
	  .max_text = "30 d",
	  .help = "The job submits nothing after this time; 0 = no limit.",
	  .source = "fio: its default" },
	{ .name = "time_based",
	  .type = CFG_BOOL,
	  AT(time_based),
	  .default_text = "false",
	  .help = "Go on for the whole runtime, however many bytes have been moved.",
	  .source = "fio: its default" },
	{ .name = "startdelay",
	  .type = CFG_DURATION,
	  AT(startdelay_ps),
	  .default_text = "0 s",
	  .max_text = "30 d",
	  .help = "The job begins that much later.",
	  .source = "fio: its default" },
	{ .name = "iodepth",
	  .type = CFG_COUNT,
	  AT(iodepth),
	  .default_text = "1",
	  .min_text = "1",
	  .max_text = "65536",
	  .help = "Requests that each clone keeps outstanding; synchronous engines keep one whatever this "
		  "says. A request is submitted as soon as one completes.",
	  .source = "fio: its default" },
	{ .name = "numjobs",
	  .type = CFG_COUNT,
	  AT(numjobs),
	  .default_text = "1",
	  .min_text = "1",
	  .max_text = "4096",
	  .help = "Clones of the job, dealt out to the VM's vCPUs.",
	  .source = "fio: its default" },
	{ .name = "rwmixread",
	  .type = CFG_COUNT,
	  AT(rwmixread),
	  .default_text = "50",
	  .max_text = "100",
	  .help = "Percentage of reads where rw is rw, readwrite or randrw, drawn for each request.",
	  .source = "fio: its default" },
	{ .name = "norandommap",
	  .type = CFG_BOOL,
	  AT(norandommap),
	  .default_text = "false",
	  .help = "Draw each random place anew, instead of every block once per pass in a random order. So it "
		  "is in any case with several sizes, with percentage_random below 100 and with another "
		  "random_distribution.",
	  .source = "fio: its default" },
	{ .name = "random_distribution",
	  .type = CFG_VARIANT,
	  AT(random_distribution),
	  .default_text = "random",
	  .variants = &laws,
	  .help = "How popular blocks are when rw is random; where the popular ones lie is random, and the "
		  "same for all clones of a job.",
	  .source = "fio: its default" },
	{ .name = "percentage_random",
	  .type = CFG_LIST,
	  AT(percentage_random),
	  .default_text = "[100]",
	  .element = &percent_element,
	  .one_or_list = true,
	  .help = "How many of a random job's requests are at random places; the others follow the last one of "
		  "their direction. Directions as in bs.",
	  .source = "fio: its default" },
	{ .name = "thinktime",
	  .type = CFG_DURATION,
	  AT(thinktime_ps),
	  .default_text = "0 s",
	  .max_text = "1 d",
	  .help = "Pause after each thinktime_blocks requests; it begins when all outstanding ones are complete.",
	  .source = "fio: its default" },
	{ .name = "thinktime_spin",
	  .type = CFG_DURATION,
	  AT(thinktime_spin_ps),
	  .default_text = "0 s",
	  .max_text = "1 d",
	  .help = "How much of thinktime is work of the vCPU instead of sleep.",
	  .source = "fio: its default" },
	{ .name = "thinktime_blocks",
	  .type = CFG_COUNT,
	  AT(thinktime_blocks),
	  .default_text = "1",
	  .min_text = "1",
	  .max_text = "1000000000",
	  .help = "Requests between two pauses.",
	  .source = "fio: its default" },
	{ .name = "thinktime_blocks_type",
	  .type = CFG_ENUM,
	  AT(thinktime_blocks_type),
	  .default_text = "complete",
	  .choices = blocks_choices,
	  .help = "Whether thinktime_blocks counts completions or submissions. It is looked at after each "
		  "submission, with iodepth requests outstanding after the next completion.",
	  .source = "fio: its default" },
	{ .name = "rate",
	  .type = CFG_LIST,
	  AT(rate),
	  .default_text = "[0 B/s]",
	  .element = &rate_element,
	  .one_or_list = true,
	  .help = "Bytes per second that each clone moves at most in each direction, directions as in bs; 0 = "
		  "no limit. What it is behind it makes up for.",
	  .source = "fio: its default" },
	{ .name = "rate_iops",
	  .type = CFG_LIST,
	  AT(rate_iops),
	  .default_text = "[0]",
	  .element = &iops_element,
	  .one_or_list = true,
	  .help = "The same in requests per second.",
	  .source = "fio: its default" },
	{ .name = "rate_process",
	  .type = CFG_ENUM,
	  AT(rate_process),
	  .default_text = "linear",
	  .choices = pace_choices,
	  .help = "When requests are due under rate or rate_iops: regularly; at the times of a Poisson "
		  "process; or, which fio does not have, in bursts.",
	  .source = "fio: its default" },
	{ .name = "burst_ios",
	  .type = CFG_COUNT,
	  AT(burst_ios),
	  .default_text = "8",
	  .min_text = "1",
	  .max_text = "1000000",
	  .help = "Mean number of requests that are due together when rate_process is bursty: the number is "
		  "geometrically distributed, and bursts come as a Poisson process. No option of fio's.",
	  .source = "assumption: bursts of several requests" },
	{ .name = "io_submit_mode",
	  .type = CFG_ENUM,
	  AT(io_submit_mode),
	  .default_text = "inline",
	  .choices = submit_choices,
	  .help = "inline: before it waits for a request to be due, the job waits for all outstanding ones. "
		  "offload: it does not, and latency counts from when the request was due, or from when one of "
		  "iodepth was free; the threads of fio's that submit then cost nothing.",
	  .source = "fio: its default" },
	{ .name = "fsync",
	  .type = CFG_COUNT,
	  AT(fsync),
	  .default_text = "0",
	  .max_text = "1000000000",
	  .help = "A flush after each so many writes, for which the job waits; 0 = none. Writes that the vCPU "
		  "submitted before complete first.",
	  .source = "fio: its default" },
	{ .name = "fdatasync",
	  .type = CFG_COUNT,
	  AT(fdatasync),
	  .default_text = "0",
	  .max_text = "1000000000",
	  .help = "The same as fsync: on a raw disk there is no metadata to tell them apart.",
	  .source = "fio: its default" },
	{ .name = "end_fsync",
	  .type = CFG_BOOL,
	  AT(end_fsync),
	  .default_text = "false",
	  .help = "A flush when a job that has written ends.",
	  .source = "fio: its default" },
	{ .name = "randseed",
	  .type = CFG_COUNT,
	  AT(randseed),
	  .default_text = "0",
	  .help = "Seed of the job's random streams; 0 = sim.seed. Draws are not those that fio makes from the "
		  "same seed.",
	  .source = "choice: one seed for the whole run" },
	{ .name = "stonewall",
	  .type = CFG_BOOL,
	  AT(stonewall),
	  .default_text = "false",
	  .help = "In a file of several jobs: this one, and those behind it, begin when all before it have ended.",
	  .source = "fio: its default" },
};

static void check_directions(const cfg_list *list, const char *key, cfg_check *check)
{
	if (list->num < 1 || list->num > FIO_NUM_DIRECTIONS)
		cfg_conflict(check, key, "one value, or [reads, writes, trims]", "%zu values for three directions",
			     list->num);
}

static bool any_above_zero(const cfg_list *list)
{
	const int64_t *values = list->items;

	for (size_t i = 0; i < list->num; i++)
		if (values[i] > 0)
			return true;
	return false;
}

static void check_sectors(int64_t num_bytes, const char *key, cfg_check *check)
{
	if (num_bytes % IO_SECTOR_BYTES)
		cfg_conflict(check, key, "such as 4 KiB", "%lld bytes are not a multiple of 512", (long long)num_bytes);
}

static void check_splits(const fio_params *params, cfg_check *check)
{
	const fio_split *splits = params->bssplit.items;

	if (params->bssplit.num > FIO_MAX_SPLITS)
		cfg_conflict(check, "bssplit", NULL, "more than %d sizes", FIO_MAX_SPLITS);
	for (size_t i = 0; i < params->bssplit.num; i++)
		check_sectors(splits[i].size_bytes, "bssplit", check);
	for (int op = 0; op <= FIO_NUM_DIRECTIONS; op++) {
		size_t num = 0, num_open = 0;
		int64_t percent = 0;

		for (size_t i = 0; i < params->bssplit.num; i++) {
			if (splits[i].op != op)
				continue;
			num++;
			num_open += splits[i].percent == 0;
			percent += splits[i].percent;
		}
		if (percent > 100 || (num > 0 && num_open == 0 && percent < 100))
			cfg_conflict(check, "bssplit", "shares of a direction add up to 100",
				     "the shares add up to %lld %%", (long long)percent);
	}
}

static void fio_check(const void *value, cfg_check *check)
{
	const fio_params *params = value;
	const bool has_rate = any_above_zero(&params->rate), has_iops = any_above_zero(&params->rate_iops);
	const int64_t *sizes = params->bs.items;

	if (!params->direct)
		cfg_conflict(check, "direct", "direct=1, as in fio on a raw disk",
			     "buffered I/O goes through the guest's page cache, which is not simulated");
	check_directions(&params->bs, "bs", check);
	check_directions(&params->percentage_random, "percentage_random", check);
	check_directions(&params->rate, "rate", check);
	check_directions(&params->rate_iops, "rate_iops", check);
	for (size_t i = 0; i < params->bs.num; i++)
		check_sectors(sizes[i], "bs", check);
	check_sectors(params->offset_bytes, "offset", check);
	check_sectors(params->offset_increment_bytes, "offset_increment", check);
	check_splits(params, check);
	if (params->size_bytes && params->size_percent)
		cfg_conflict(check, "size_percent", "remove one of the two", "size is given as well");
	if (params->offset_bytes && params->offset_percent)
		cfg_conflict(check, "offset_percent", "remove one of the two", "offset is given as well");
	if (has_rate && has_iops)
		cfg_conflict(check, "rate_iops", "remove one of the two", "rate is given as well");
	if (params->rate_process != FIO_LINEAR && !has_rate && !has_iops)
		cfg_conflict(check, "rate_process", "such as rate_iops=10000", "there is no rate or rate_iops to keep");
	if (params->time_based && !params->runtime_ps)
		cfg_conflict(check, "time_based", "such as runtime=1s", "there is no runtime to go on for");
	if (params->thinktime_spin_ps > params->thinktime_ps)
		cfg_conflict(check, "thinktime_spin", "a part of thinktime", "it is longer than thinktime");
}

const cfg_section kind_fio_section = {
	.name = "workload fio",
	KEYS(fio_keys),
	.struct_bytes = sizeof(fio_params),
	.check = fio_check,
};

typedef struct fio_state {
	fio_job job;
	diag_place place;
	fio_source *source;
} fio_state;

static nescsim_status state_open(void *state, const void *params, const source_context *context,
				 const diag_place *place, nescsim_diag *diag)
{
	fio_state *self = state;

	self->job = (fio_job){ .params = params, .place = place };
	return fio_source_open(&self->job, 1, context, diag, &self->source);
}

static void state_next(void *state, ps_t now_ps, source_step *step_out)
{
	fio_source_next(((fio_state *)state)->source, now_ps, step_out);
}

static void state_completed(void *state, uint64_t request_number, ps_t now_ps)
{
	fio_source_completed(((fio_state *)state)->source, request_number, now_ps);
}

static uint64_t state_expected(const void *state)
{
	return fio_source_expected_requests(((const fio_state *)state)->source);
}

static void state_close(void *state)
{
	fio_source_close(((fio_state *)state)->source);
}

static nescsim_status state_validate(const void *params, const source_context *context, const diag_place *place,
				     nescsim_diag *diag)
{
	const fio_job job = { .params = params, .place = place };

	return fio_validate(&job, 1, context, diag);
}

const source_kind kind_fio = {
	.state_bytes = sizeof(fio_state),
	.has_app_layer = true,
	.open = state_open,
	.next = state_next,
	.completed = state_completed,
	.expected_requests = state_expected,
	.close = state_close,
	.validate = state_validate,
};
