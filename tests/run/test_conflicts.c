/* Does a config that asks a scheme for what it cannot do say where, what and how it would do, all mistakes of a file at
 * once? */
#include "run/run_test.h"

typedef struct mistake {
	size_t line, column;
	const char *path, *message, *hint;
} mistake;

#define MAX_MISTAKES 8

/* Loads and checks without running: these errors, in this order, and no other. */
static void expect(const char *text, const mistake *expected)
{
	nescsim_diag *diag = nescsim_diag_create();
	nescsim_config *config;
	nescsim_status status = nescsim_config_load_text("test.yaml", text, NULL, 0, diag, &config);
	size_t num = 0;

	if (status == NESCSIM_OK)
		status = nescsim_config_check_inputs(config, diag);
	assert_int_equal(status, NESCSIM_CONFIG);
	while (num < MAX_MISTAKES && expected[num].message != NULL)
		num++;
	if (nescsim_diag_count(diag) != num)
		nescsim_diag_print(diag, stderr);
	assert_int_equal(nescsim_diag_count(diag), num);
	for (size_t i = 0; i < num; i++) {
		const nescsim_diag_entry *entry = nescsim_diag_at(diag, i);

		assert_int_equal(entry->severity, NESCSIM_ERROR);
		assert_int_equal(entry->status, NESCSIM_CONFIG);
		assert_string_equal(entry->file, "test.yaml");
		assert_int_equal(entry->line, expected[i].line);
		assert_int_equal(entry->column, expected[i].column);
		assert_string_equal(entry->path, expected[i].path);
		assert_string_equal(entry->message, expected[i].message);
		if (expected[i].hint != NULL)
			assert_string_equal(entry->hint, expected[i].hint);
		else
			assert_non_null(entry->hint);
	}
	nescsim_diag_destroy(diag);
	nescsim_config_destroy(config);
}

/* No error, no warning. */
static void expect_right(const char *text)
{
	nescsim_config *config = load(text, NULL, 0);
	nescsim_diag *diag = nescsim_diag_create();

	assert_int_equal(nescsim_config_check_inputs(config, diag), NESCSIM_OK);
	assert_int_equal(nescsim_diag_count(diag), 0);
	nescsim_diag_destroy(diag);
	nescsim_config_destroy(config);
}

#define ONE_VM "vms: [{workload: {kind: dd, count: 1}}]\n"
#define TWO_VMS "vms: [{count: 2, disk: {bytes: 1 MiB%s}, workload: {kind: dd, count: 1}}]\n"

#define RAISE_CORES "raise host.cores, lower the number of VMs, or let threads share host.io_cores"

static void parameters_that_contradict_each_other(void **state)
{
	static const struct {
		const char *text;
		mistake expected[MAX_MISTAKES];
	} rows[] = {
		{ ONE_VM "schemes:\n  - virtio: {ring: 3}\n",
		  { { 3, 20, "schemes.virtio.ring", "3 is out of range 4 ... 32768",
		      "Descriptors of a virtqueue." } } },
		{ ONE_VM "schemes:\n  - virtio: {ring: 12}\n",
		  { { 3, 20, "schemes.virtio.ring", "12 is not a power of two", "Descriptors of a virtqueue." } } },
		{ ONE_VM "schemes:\n  - virtio: {indirect: false, ring: 64}\n",
		  { { 3, 37, "schemes.virtio.ring", "a request of 516096 bytes needs 128 descriptors, the ring has 64",
		      "raise it, lower max_request, or set indirect: true" } } },
		{ ONE_VM "schemes:\n  - virtio: {max_request: 5 KiB}\n",
		  { { 3, 27, "schemes.virtio.max_request", "a request is made of pages", "a multiple of 4 KiB" } } },
		{ ONE_VM "schemes:\n  - virtio: {cache: writeback, aio: native}\n",
		  { { 3, 37, "schemes.virtio.aio",
		      "the host's asynchronous I/O blocks where it goes through the page cache",
		      "threads, or cache: none" } } },
		{ ONE_VM "schemes:\n  - virtio: {poll: 1 us}\n",
		  { { 3, 20, "schemes.virtio.poll", "the main loop does not poll, only I/O threads do",
		      "thread: iothread, or poll: 0 us" } } },
		{ ONE_VM "schemes:\n  - emulation: {controller: ahci, mode: pio}\n",
		  { { 3, 41, "schemes.emulation.mode", "an AHCI controller always moves the data itself",
		      "dma, or controller: ide" } } },
		{ ONE_VM "schemes:\n  - emulation: {controller: ahci, lba48: true}\n",
		  { { 3, 42, "schemes.emulation.lba48",
		      "AHCI commands are in memory: the length of an address costs no accesses",
		      "false, or controller: ide" } } },
		{ ONE_VM "host: {writeback: 5 KiB}\n",
		  { { 2, 19, "host.writeback", "pages are written as a whole", "a multiple of 4 KiB" } } },
	};

	(void)state;
	for (size_t i = 0; i < NUM(rows); i++)
		expect(rows[i].text, rows[i].expected);
}

/* What is just right is no mistake. */
static void parameters_at_their_limits(void **state)
{
	static const char *const texts[] = {
		ONE_VM "schemes: [virtio: {ring: 4}]\n",
		ONE_VM "schemes: [virtio: {ring: 128, indirect: false}]\n", /* 126 pages, header, status */
		ONE_VM "schemes: [virtio: {ring: 4, indirect: false, max_request: 8 KiB}]\n",
		ONE_VM "schemes: [virtio: {aio: native}]\n",
		ONE_VM "host: {cores: 2}\nschemes: [virtio, emulation]\n",
		ONE_VM
		"host: {cores: 1, io_cores: 9}\nschemes: [host, nesc, vfio]\n", /* no threads, no cores for them */
		ONE_VM "host: {cores: 2, io_cores: 1}\nschemes: [virtio]\n",
		ONE_VM "schemes: [virtio: {thread: iothread, poll: 1 us}]\n",
	};

	(void)state;
	for (size_t i = 0; i < NUM(texts); i++)
		expect_right(texts[i]);
}

static void what_a_scheme_cannot_do(void **state)
{
	static const struct {
		const char *schemes, *disk, *host;
		mistake expected;
	} rows[] = {
		{ "virtio",
		  "",
		  "cores: 3",
		  { 1, 10, "schemes", "virtio needs 2 cores for vCPUs and 2 for I/O threads, the host has 3",
		    RAISE_CORES } },
		{ "virtio",
		  "",
		  "cores: 3, io_cores: 2",
		  { 1, 10, "schemes", "virtio needs 2 cores for vCPUs and 2 for I/O threads, the host has 3",
		    RAISE_CORES } },
		{ "emulation",
		  "",
		  "cores: 4, io_cores: 5", /* more than the host has */
		  { 1, 10, "schemes", "emulation needs 2 cores for vCPUs and 5 for I/O threads, the host has 4",
		    RAISE_CORES } },
		{ "vfio",
		  "",
		  "cores: 16",
		  { 1, 10, "schemes", "vfio gives the whole device to one VM, there are 2",
		    "leave the scheme out, or simulate fewer VMs" } },
		{ "virtio: {thread: iothread, poll: 1 us}",
		  "",
		  "io_cores: 2",
		  { 1, 10, "schemes",
		    "virtio polls, and its threads share cores: who polls would keep others from working",
		    "poll: 0 us, or host.io_cores: 0" } },
		{ "virtio",
		  ", map: lazy",
		  "cores: 16",
		  { 1, 10, "schemes", "virtio allocates no blocks at run time, and a disk is lazy",
		    "set the scheme's file: true, or leave it out" } },
		{ "emulation: {file: false}",
		  ", map: lazy",
		  "cores: 16",
		  { 1, 10, "schemes", "emulation allocates no blocks at run time, and a disk is lazy",
		    "set the scheme's file: true, or leave it out" } },
		{ "host",
		  ", map: lazy",
		  "cores: 16",
		  { 1, 10, "schemes", "host allocates no blocks at run time, and a disk is lazy",
		    "leave the scheme out" } },
		{ "emulation",
		  "",
		  "cores: 16}\nguest: {vcpus: 2",
		  { 1, 10, "schemes", "emulation drives its controller from 1 vCPU at most, VMs have 2",
		    "lower guest.vcpus, or take another controller, or leave the scheme out" } },
		{ "virtio: {cache: writeback}",
		  ", map: {kind: fragmented, hole_percent: 50}",
		  "cores: 16",
		  { 1, 10, "schemes",
		    "virtio caches pages of a block device, which has no holes, and VM 1's disk has some",
		    "set the scheme's file: true, or its cache: none" } },
		{ "virtio: {cache: writeback}",
		  ", file: a",
		  "cores: 16",
		  { 1, 10, "schemes", "virtio caches pages for each VM by itself, and VM 1 shares a file",
		    "set the scheme's cache: none, or leave it out" } },
		{ "virtio: {file: true}",
		  ", file: a, map: lazy",
		  "cores: 16",
		  { 1, 10, "schemes", "virtio has a map of its own for each VM, and VM 1 shares a file with holes",
		    "preallocate the file, or leave the scheme out" } },
	};

	(void)state;
	for (size_t i = 0; i < NUM(rows); i++) {
		const mistake expected[MAX_MISTAKES] = { rows[i].expected };
		char text[400];

		snprintf(text, sizeof(text), "schemes: [%s]\nhost: {%s}\n" TWO_VMS, rows[i].schemes, rows[i].host,
			 rows[i].disk);
		expect(text, expected);
	}
}

static void a_disk_that_is_too_small_for_the_filesystem(void **state)
{
	static const mistake expected[MAX_MISTAKES] = {
		{ 3, 17, "vms[0].filesystem",
		  "the disk of 8388608 bytes is too small for the filesystem with a file of 8388608 bytes for each "
		  "vCPU",
		  "raise disk.bytes to 14696448 B or more, or ask for less of the file" },
	};

	(void)state;
	expect("vms:\n"
	       "  - disk: {bytes: 8 MiB}\n"
	       "    filesystem: ext4\n"
	       "    workload: {kind: dd, count: 1, region_bytes: 8 MiB}\n"
	       "schemes: [virtio]\n",
	       expected);
}

/* 28 bits of sectors are 128 GiB. */
static void a_disk_that_is_too_large_for_its_commands(void **state)
{
	static const mistake expected[MAX_MISTAKES] = {
		{ 2, 10, "schemes", "emulation reaches 128 GiB with addresses of 28 bits, VM 1's disk is larger",
		  "set the scheme's lba48: true, or make the disk smaller" },
	};
	static const char *const right[] = { "lba48: true", "controller: ahci" };
	char text[300];

	(void)state;
	expect("media: {capacity: 1 TiB}\nschemes: [emulation]\n"
	       "vms: [{disk: {bytes: 137438954496 B}, workload: {kind: dd, count: 1}}]\n",
	       expected);
	for (size_t i = 0; i <= NUM(right); i++) {
		snprintf(text, sizeof(text),
			 "media: {capacity: 1 TiB}\nschemes: [emulation: {%s}]\n"
			 "vms: [{disk: {bytes: %s}, workload: {kind: dd, count: 1}}]\n",
			 i == NUM(right) ? "" : right[i], i == NUM(right) ? "128 GiB" : "137438954496 B");
		expect_right(text);
	}
}

/* Of keys, and of the whole: each pass says all that it can know. */
static void all_mistakes_at_once(void **state)
{
	static const mistake of_keys[MAX_MISTAKES] = {
		{ 2, 18, "host.io_cores", "2000 is out of range 0 ... 1024", NULL },
		{ 4, 20, "schemes.virtio.ring", "3 is out of range 4 ... 32768", NULL },
		{ 5, 41, "schemes.emulation.mode", "an AHCI controller always moves the data itself", NULL },
	};
	static const mistake of_schemes[MAX_MISTAKES] = {
		{ 3, 3, "schemes", "virtio needs 2 cores for vCPUs and 2 for I/O threads, the host has 3", NULL },
		{ 3, 3, "schemes", "virtio caches pages for each VM by itself, and VM 1 shares a file", NULL },
		{ 3, 3, "schemes", "emulation needs 2 cores for vCPUs and 2 for I/O threads, the host has 3", NULL },
		{ 3, 3, "schemes", "vfio gives the whole device to one VM, there are 2", NULL },
		{ 9, 17, "vms[0].filesystem",
		  "the disk of 8388608 bytes is too small for the filesystem with a file of 8388608 bytes for each "
		  "vCPU",
		  NULL },
	};

	(void)state;
	expect(ONE_VM "host: {io_cores: 2000}\nschemes:\n  - virtio: {ring: 3}\n  - emulation: {controller: ahci, "
		      "mode: pio}\n",
	       of_keys);
	expect("host: {cores: 3}\n"
	       "schemes:\n"
	       "  - virtio: {cache: writeback}\n"
	       "  - emulation\n"
	       "  - vfio\n"
	       "vms:\n"
	       "  - disk: {bytes: 8 MiB, file: a}\n"
	       "    count: 2\n"
	       "    filesystem: ext4\n"
	       "    workload: {kind: dd, count: 1, region_bytes: 8 MiB}\n",
	       of_schemes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_that_contradict_each_other),
		cmocka_unit_test(parameters_at_their_limits),
		cmocka_unit_test(what_a_scheme_cannot_do),
		cmocka_unit_test(a_disk_that_is_too_small_for_the_filesystem),
		cmocka_unit_test(a_disk_that_is_too_large_for_its_commands),
		cmocka_unit_test(all_mistakes_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
