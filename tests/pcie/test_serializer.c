/* Does every TLP leave at the right picosecond, and not one before it could? */
#include "link_defaults.h"

#include "base/rng.h"
#include "pcie/serializer.h"

#define HIGH UINT64_C(0x100000000)
#define TEST_SEED 7

static pcie_direction direction_of(const pcie_link_config *config, pcie_side side)
{
	pcie_direction direction;

	pcie_direction_init(&direction, config, side, TEST_SEED, 0);
	return direction;
}

static void rates_are_those_of_the_spec(void **state)
{
	/* byte time of one lane, in 1/64 ps: 4,000 ps; 2,000 ps; 1,015.625 ps and its halves */
	static const uint64_t lane_64ths[] = { 256000, 128000, 65000, 32500, 16250 };
	static const uint64_t lane_bytes_per_s[] = { 250000000, 500000000, 984615384, 1969230769, 3938461538 };

	(void)state;
	for (int64_t generation = 1; generation <= 5; generation++) {
		for (int64_t lanes = 1; lanes <= 16; lanes *= 2) {
			pcie_link_config config = link_bare(generation, lanes);
			pcie_byte_time time = pcie_byte_time_make(&config);
			unsigned __int128 exact =
				((unsigned __int128)lane_64ths[generation - 1] << 58) / (uint64_t)lanes;

			assert_true((((unsigned __int128)time.whole_ps << 64) | time.fraction) == exact);
			if (lanes == 1)
				assert_int_equal(pcie_raw_bytes_per_s(&config), lane_bytes_per_s[generation - 1]);
		}
	}
}

/* The spec's ACK latency limits, as tabulated in pcie-bench's pcie.py. */
static void dllp_intervals_are_those_of_the_spec(void **state)
{
	static const struct {
		int64_t generation, lanes, max_payload;
		uint64_t interval;
	} rows[] = {
		{ 1, 1, 128, 237 },  { 1, 1, 256, 416 },   { 1, 1, 512, 559 }, { 1, 1, 4096, 4143 },
		{ 1, 2, 128, 128 },  { 1, 4, 256, 118 },   { 1, 8, 128, 67 },  { 1, 8, 256, 107 },
		{ 1, 8, 512, 86 },   { 1, 8, 4096, 534 },  { 1, 16, 128, 48 }, { 1, 16, 1024, 150 },
		{ 2, 1, 256, 467 },  { 2, 8, 128, 118 },   { 2, 8, 256, 158 }, { 2, 8, 512, 137 },
		{ 2, 16, 256, 123 }, { 3, 1, 128, 333 },   { 3, 8, 256, 203 }, { 3, 16, 2048, 374 },
		{ 4, 8, 128, 163 },  { 5, 16, 4096, 630 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pcie_link_config config = link_defaults(rows[i].generation, rows[i].lanes);

		config.max_payload = rows[i].max_payload;
		assert_int_equal(pcie_dllp_interval_bytes(&config), rows[i].interval);
	}
}

/* pcie-bench (SIGCOMM 2018, section 3): 57.88 Gb/s are left for TLPs on gen 3 x8 with 256 B.
 * Of 203 * 1538 = 312,214 bytes, 16 * 1538 are ACKs and updates, 4 * 203 SKIPs: 286,794 are left, so that a byte takes
 * 1015.625 / 8 * 312214 / 286794 = 138.2057 ps. */
static void dllps_take_their_share(void **state)
{
	pcie_link_config config = link_defaults(3, 8);
	pcie_byte_time time = pcie_byte_time_make(&config);
	double byte_ps = (double)time.whole_ps + (double)time.fraction / 18446744073709551616.0;

	(void)state;
	assert_int_equal(time.whole_ps, 138);
	assert_true(byte_ps > 126.953125 * 312214 / 286794 - 1e-9 && byte_ps < 126.953125 * 312214 / 286794 + 1e-9);
	assert_true(8000 / byte_ps > 57.88 && 8000 / byte_ps < 57.89);
}

/* Gen 2 x8: 10 bits at 5 GT/s on 8 lanes are 250 ps per byte. A write of 256 B is 280 B: 70,000 ps. */
static void gen2_by_hand(void **state)
{
	pcie_link_config config = link_bare(2, 8);
	pcie_direction up = direction_of(&config, PCIE_UP);
	pcie_timing t;

	(void)state;
	assert_int_equal(pcie_direction_send(&up, 1000, PCIE_WRITE, HIGH, 256, &t), 1000 + 70000 + 120000);
	assert_int_equal(t.start_ps, 1000);
	assert_int_equal(t.end_ps, 71000);
	assert_int_equal(t.arrival_ps, 191000);
	assert_int_equal(t.first_arrival_ps, 191000);
	assert_int_equal(t.wait_ps, 0);
	assert_int_equal(t.serialization_ps, 70000);
	assert_int_equal(t.num_tlps, 1);
	assert_int_equal(t.wire_bytes, 280);

	/* offered at 51,000, when the line is busy for 20,000 more; 16 TLPs of 280 B */
	assert_int_equal(pcie_direction_ready(&up, 51000, PCIE_WRITE, HIGH, 4096), 71000);
	pcie_direction_send(&up, 51000, PCIE_WRITE, HIGH, 4096, &t);
	assert_int_equal(t.wait_ps, 20000);
	assert_int_equal(t.start_ps, 71000);
	assert_int_equal(t.first_arrival_ps, 71000 + 70000 + 120000);
	assert_int_equal(t.end_ps, 71000 + 16 * 70000);
	assert_int_equal(t.num_tlps, 16);

	/* an idle line starts when asked: a read request is 24 B, 6,000 ps */
	assert_int_equal(pcie_direction_send(&up, 2000000, PCIE_READ, HIGH, 512, &t), 2000000 + 6000 + 120000);
	assert_int_equal(t.wait_ps, 0);
	assert_int_equal(pcie_direction_send(&up, 3000000, PCIE_MESSAGE, 0, 0, &t), 3000000 + 6000 + 120000);
	assert_int_equal(pcie_direction_send(&up, 4000000, PCIE_COMPLETION, 0, 8, &t), 4000000 + 7000 + 120000);

	/* nothing to send takes no time and leaves no trace */
	assert_int_equal(pcie_direction_send(&up, 5000000, PCIE_WRITE, HIGH, 0, &t), 5000000);
	assert_int_equal(pcie_direction_ready(&up, 5, PCIE_WRITE, HIGH, 0), 5);
	assert_int_equal(up.stats.num_transfers, 5);
	assert_int_equal(up.stats.num_tlps, 20);
	assert_int_equal(up.stats.payload_bytes, 256 + 4096 + 8);
	assert_int_equal(up.stats.wire_bytes, 17 * 280 + 24 + 24 + 28);
	assert_int_equal(up.stats.busy_ps, (17 * 280 + 24 + 24 + 28) * 250);
	assert_int_equal(up.stats.stall_ps[PCIE_CAUSE_BUSY], 20000);
}

/* Gen 3 x8: 126.953125 ps per byte. 280 B are 35,546.875 ps, 560 B are 71,093.75, 840 B are 106,640.625. */
static void gen3_rounds_up_but_does_not_drift(void **state)
{
	pcie_link_config config = link_bare(3, 8);
	pcie_direction line = direction_of(&config, PCIE_UP);
	pcie_direction polled = line;
	pcie_timing t;

	(void)state;
	pcie_direction_send(&line, 0, PCIE_WRITE, HIGH, 256, &t);
	assert_int_equal(t.end_ps, 35547);
	pcie_direction_send(&line, 0, PCIE_WRITE, HIGH, 256, &t);
	assert_int_equal(t.end_ps, 71094);
	assert_int_equal(t.wait_ps, 35547);
	pcie_direction_send(&line, 0, PCIE_WRITE, HIGH, 256, &t);
	assert_int_equal(t.end_ps, 106641);
	/* four more end at 7 * 35,546.875 = 248,828.125; one ps of idleness ends the run: 248,830 + 35,546.875 */
	pcie_direction_send(&line, 0, PCIE_WRITE, HIGH, 1024, &t);
	assert_int_equal(t.end_ps, 248829);
	pcie_direction_send(&line, 248830, PCIE_WRITE, HIGH, 256, &t);
	assert_int_equal(t.end_ps, 284377);

	/* 10^9 bytes and a bit, 3,571,440 times 280 B: 1,000,003,200 * 8125 / 64 ps is whole, 126,953,531,250.
	 * A caller who waits for the line each time must not pay for the rounding. */
	line = direction_of(&config, PCIE_UP);
	for (int i = 0; i < 3571440; i++) {
		pcie_direction_send(&line, 0, PCIE_WRITE, HIGH, 256, NULL);
		pcie_direction_send(&polled, polled.busy_until_ps, PCIE_WRITE, HIGH, 256, NULL);
	}
	assert_int_equal(line.busy_until_ps, INT64_C(126953531250));
	assert_int_equal(line.busy_early, 0);
	assert_int_equal(line.stats.busy_ps, INT64_C(126953531250));
	assert_int_equal(polled.busy_until_ps, INT64_C(126953531250));
}

/* With DLLPs the byte time is not a binary fraction: 8125 / 64 * 312214 / 286794 ps. After n bytes the line must be at
 * the exact time rounded up, for every n that we stop at. */
static void shared_rate_does_not_drift(void **state)
{
	pcie_link_config config = link_defaults(3, 8);
	pcie_direction line;
	uint64_t sent = 0;

	(void)state;
	memset(&config.credits, 0, sizeof(config.credits));
	line = direction_of(&config, PCIE_DOWN);
	while (sent < UINT64_C(1000000000)) {
		uint64_t bytes = 4 + 4 * (sent % 1021);
		pcie_timing t;
		unsigned __int128 numerator;
		uint64_t denominator = UINT64_C(64) * 286794;

		pcie_direction_send(&line, 0, PCIE_WRITE, HIGH, bytes, &t);
		sent += t.wire_bytes;
		numerator = (unsigned __int128)sent * 8125 * 312214;
		assert_int_equal(t.end_ps, (numerator + denominator - 1) / denominator);
	}
}

/* Gen 2 x8, writes of 64 B: 88 B, 22,000 ps; a credit is back 2 * 120,000 + 50,000 ps after its TLP's end. */
static void one_header_credit(void **state)
{
	pcie_link_config config = link_bare(2, 8);
	pcie_direction up, copy;
	pcie_timing t;

	(void)state;
	config.credits.up.posted_headers = 1;
	up = direction_of(&config, PCIE_UP);
	pcie_direction_send(&up, 0, PCIE_WRITE, HIGH, 64, &t);
	assert_int_equal(t.end_ps, 22000);
	assert_int_equal(t.credit_ps, 0);
	/* the line is free at 22,000, the credit back at 312,000: not one ps earlier */
	assert_int_equal(pcie_direction_ready(&up, 0, PCIE_WRITE, HIGH, 64), 312000);
	pcie_direction_send(&up, 0, PCIE_WRITE, HIGH, 64, &t);
	assert_int_equal(t.wait_ps, 22000);
	assert_int_equal(t.credit_ps, 290000);
	assert_int_equal(t.start_ps, 312000);
	assert_int_equal(t.end_ps, 334000);
	/* back at 624,000: offered just then, it does not stall; 1 ps before, it stalls 1 ps */
	copy = up;
	pcie_direction_send(&copy, 624000, PCIE_WRITE, HIGH, 64, &t);
	assert_int_equal(t.start_ps, 624000);
	assert_int_equal(t.credit_ps, 0);
	copy = up;
	pcie_direction_send(&copy, 623999, PCIE_WRITE, HIGH, 64, &t);
	assert_int_equal(t.start_ps, 624000);
	assert_int_equal(t.credit_ps, 1);
	/* within one transfer too: three TLPs of 280 B, 70,000 ps, from 624,000 */
	pcie_direction_send(&up, 0, PCIE_WRITE, HIGH, 768, &t);
	assert_int_equal(t.start_ps, 624000);
	assert_int_equal(t.end_ps, 624000 + 3 * 70000 + 2 * 290000);
	assert_int_equal(t.wait_ps, 334000);
	assert_int_equal(t.credit_ps, 3 * 290000);
	assert_int_equal(t.serialization_ps, 3 * 70000);
	assert_int_equal(up.stats.stall_ps[PCIE_CAUSE_POSTED], 4 * 290000);
	assert_int_equal(up.stats.stall_ps[PCIE_CAUSE_NONPOSTED], 0);

	/* other kinds have credits of their own */
	assert_int_equal(pcie_direction_ready(&up, 0, PCIE_READ, HIGH, 64), t.end_ps);
	assert_int_equal(pcie_direction_ready(&up, 0, PCIE_COMPLETION, HIGH, 64), t.end_ps);
	assert_int_equal(pcie_direction_ready(&up, 0, PCIE_MESSAGE, 0, 0), t.end_ps + 290000);
}

/* 20 data credits: a write of 256 B takes 16, one of 64 B takes 4. */
static void data_credits_wait_for_enough(void **state)
{
	pcie_link_config config = link_bare(2, 8);
	pcie_direction up;
	pcie_timing t;

	(void)state;
	config.credits.up.posted_headers = 127;
	config.credits.up.posted_data = 20;
	up = direction_of(&config, PCIE_UP);
	pcie_direction_send(&up, 0, PCIE_WRITE, HIGH, 64, &t);  /* ends 22,000; back 312,000; 16 left */
	pcie_direction_send(&up, 0, PCIE_WRITE, HIGH, 64, &t);  /* ends 44,000; back 334,000; 12 left */
	pcie_direction_send(&up, 0, PCIE_WRITE, HIGH, 256, &t); /* needs 4 more: the first write's */
	assert_int_equal(t.start_ps, 312000);
	assert_int_equal(t.credit_ps, 312000 - 44000);
	/* ends 382,000, back 672,000; the second's 4 are back since 334,000 */
	pcie_direction_send(&up, 0, PCIE_WRITE, HIGH, 64, &t);
	assert_int_equal(t.start_ps, 382000);
	assert_int_equal(t.credit_ps, 0);
	/* ends 404,000; none left; a double word takes a whole credit, of which 16 are back at 672,000 */
	pcie_direction_send(&up, 0, PCIE_WRITE, HIGH, 4, &t);
	assert_int_equal(t.start_ps, 672000);
}

/* 17 data credits: behind a write of 16, one more credit is there, two are not. */
static void the_last_data_credit_counts(void **state)
{
	pcie_link_config config = link_bare(2, 8);
	pcie_direction up;

	(void)state;
	config.credits.up.posted_headers = 127;
	config.credits.up.posted_data = 17;
	up = direction_of(&config, PCIE_UP);
	pcie_direction_send(&up, 0, PCIE_WRITE, HIGH, 256, NULL);
	assert_int_equal(pcie_direction_ready(&up, 0, PCIE_WRITE, HIGH, 16), 70000);
	assert_int_equal(pcie_direction_ready(&up, 0, PCIE_WRITE, HIGH, 20), 70000 + 290000);
	assert_int_equal(pcie_direction_ready(&up, 0, PCIE_MESSAGE, 0, 0), 70000);
}

/* The credit arithmetic against bookkeeping that a child could follow: a list of what is out, and time that moves on
 * until enough is back. */
static void credits_equal_plain_bookkeeping(void **state)
{
	rng_stream rng = rng_open(3, "test_serializer", 0);

	(void)state;
	for (int round = 0; round < 60; round++) {
		enum {
			NUM = 400
		};
		static ps_t back_ps[NUM];
		static uint32_t took[NUM];
		pcie_link_config config = link_bare(2, 8);
		uint32_t headers = 1 + (uint32_t)rng_uniform_u64(&rng, 127);
		uint32_t data = rng_chance(&rng, 1, 4) ? 0 : 16 + (uint32_t)rng_uniform_u64(&rng, 600);
		ps_t line_ps = 0, asked_ps = 0;
		pcie_direction up;

		config.credits.up.posted_headers = headers;
		config.credits.up.posted_data = data;
		up = direction_of(&config, PCIE_UP);
		for (int i = 0; i < NUM; i++) {
			uint64_t bytes = 1 + rng_uniform_u64(&rng, 256);
			uint32_t need = (uint32_t)((bytes + 15) / 16);
			ps_t start_ps;
			pcie_timing t;

			asked_ps += (ps_t)rng_uniform_u64(&rng, 60000) * (ps_t)rng_uniform_u64(&rng, 2);
			start_ps = ps_max(line_ps, asked_ps);
			for (;;) {
				uint32_t headers_out = 0, data_out = 0;
				ps_t next_ps = PS_MAX;

				for (int k = 0; k < i; k++) {
					if (back_ps[k] <= start_ps)
						continue;
					headers_out++;
					data_out += took[k];
					next_ps = ps_min(next_ps, back_ps[k]);
				}
				if (headers_out < headers && (data == 0 || data_out + need <= data))
					break;
				start_ps = next_ps;
			}
			assert_int_equal(pcie_direction_ready(&up, asked_ps, PCIE_WRITE, HIGH, bytes), start_ps);
			pcie_direction_send(&up, asked_ps, PCIE_WRITE, HIGH, bytes, &t);
			assert_int_equal(t.start_ps, start_ps);
			assert_int_equal(t.end_ps - asked_ps, t.wait_ps + t.credit_ps + t.serialization_ps);
			line_ps = t.end_ps;
			took[i] = need;
			back_ps[i] = t.end_ps + 2 * 120000 + 50000;
		}
	}
}

/* What goes over the line is what tlp.h says, wherever a transfer starts. Gen 2 x8: 250 ps per byte. */
/* Whoever asks for no details gets the same: the frequent case has code of its own. */
static void details_change_nothing(void **state)
{
	rng_stream rng = rng_open(9, "test_serializer", 0);

	(void)state;
	for (int round = 0; round < 400; round++) {
		const pcie_side side = (pcie_side)rng_uniform_u64(&rng, 2);
		pcie_link_config config =
			link_defaults(1 + (int64_t)rng_uniform_u64(&rng, 5), INT64_C(1) << rng_uniform_u64(&rng, 5));
		pcie_credit_config *credits = side == PCIE_UP ? &config.credits.up : &config.credits.down;
		pcie_direction plain, detailed;
		ps_t earliest_ps = 0;

		config.max_payload = INT64_C(128) << rng_uniform_u64(&rng, 3);
		config.max_read_request = INT64_C(128) << rng_uniform_u64(&rng, 4);
		config.dllp_share = rng_chance(&rng, 1, 2);
		credits->posted_headers = rng_chance(&rng, 1, 5) ? 0 : 1 + (int64_t)rng_uniform_u64(&rng, 127);
		credits->posted_data = rng_chance(&rng, 1, 5) ? 0 : 64 + (int64_t)rng_uniform_u64(&rng, 1000);
		credits->nonposted_headers = rng_chance(&rng, 1, 5) ? 0 : 1 + (int64_t)rng_uniform_u64(&rng, 20);
		plain = detailed = direction_of(&config, side);
		for (int i = 0; i < 400; i++) {
			const pcie_kind kind = (pcie_kind)rng_uniform_u64(&rng, PCIE_NUM_KINDS);
			const uint64_t bytes = kind == PCIE_MESSAGE     ? 0
					       : rng_chance(&rng, 1, 2) ? UINT64_C(1) << rng_uniform_u64(&rng, 13)
									: rng_uniform_u64(&rng, 6000);
			const uint64_t addr = rng_chance(&rng, 1, 2) ? rng_uniform_u64(&rng, 64) * 512
								     : HIGH - 8192 + rng_uniform_u64(&rng, 16384);
			pcie_timing timing;
			ps_t arrival_ps;

			if (rng_chance(&rng, 1, 3))
				earliest_ps += (ps_t)rng_uniform_u64(&rng, rng_chance(&rng, 1, 9) ? 9000000 : 90000);
			arrival_ps = pcie_direction_send(&detailed, earliest_ps, kind, addr, bytes, &timing);
			assert_int_equal(pcie_direction_send(&plain, earliest_ps, kind, addr, bytes, NULL), arrival_ps);
			assert_int_equal(plain.busy_until_ps, detailed.busy_until_ps);
			assert_int_equal(plain.busy_early, detailed.busy_early);
		}
		assert_memory_equal(&plain.stats, &detailed.stats, sizeof(plain.stats));
	}
}

static void sends_what_the_arithmetic_says(void **state)
{
	rng_stream rng = rng_open(4, "test_serializer", 0);

	(void)state;
	for (int i = 0; i < 2000; i++) {
		pcie_link_config config = link_bare(2, 8);
		pcie_kind kind = (pcie_kind)rng_uniform_u64(&rng, 3);
		uint64_t addr = HIGH - 8192 + rng_uniform_u64(&rng, 16384);
		uint64_t bytes = 1 + rng_uniform_u64(&rng, 9000);
		pcie_direction direction;
		pcie_burst burst;
		pcie_timing t;

		config.max_payload = INT64_C(128) << rng_uniform_u64(&rng, 6);
		config.max_read_request = INT64_C(128) << rng_uniform_u64(&rng, 6);
		config.completion_pieces = (int)rng_uniform_u64(&rng, 2);
		direction = direction_of(&config, PCIE_UP);
		burst = pcie_burst_of(&direction.geometry, kind, addr, bytes);
		pcie_direction_send(&direction, 0, kind, addr, bytes, &t);
		assert_int_equal(t.num_tlps, burst.num_tlps);
		assert_int_equal(t.wire_bytes, burst.wire_bytes);
		assert_int_equal(t.end_ps, burst.wire_bytes * 250);
	}
}

/* Each side is limited by what the other advertises, each kind by its own row. */
static void credits_belong_to_side_and_kind(void **state)
{
	static const pcie_kind kinds[] = { PCIE_WRITE, PCIE_READ, PCIE_COMPLETION };

	(void)state;
	for (int side = PCIE_UP; side < PCIE_NUM_SIDES; side++) {
		for (size_t i = 0; i < 3; i++) {
			pcie_link_config config = link_bare(2, 8);
			pcie_credit_config *limits = side == PCIE_UP ? &config.credits.up : &config.credits.down;
			pcie_direction direction;

			*(kinds[i] == PCIE_WRITE  ? &limits->posted_headers
			  : kinds[i] == PCIE_READ ? &limits->nonposted_headers
						  : &limits->completion_headers) = 1;
			direction = direction_of(&config, (pcie_side)side);
			for (size_t k = 0; k < 3; k++) {
				pcie_timing t;

				pcie_direction_send(&direction, 0, kinds[k], HIGH, 64, NULL);
				pcie_direction_send(&direction, 0, kinds[k], HIGH, 64, &t);
				assert_int_equal(t.credit_ps, k == i ? 290000 : 0);
			}
		}
	}
}

/* Gen 2 x8, TLPs of 280 B: 2,800 line bits, so at 1e-5 a chance of 2.8 %. 100,000 TLPs with up to 4 replays each: 2,881
 * expected (0.028 + 0.028^2 + ...), standard deviation 54. Each costs 340,000 ps to the NAK and 70,000 ps again. */
static void bit_errors_cost_their_replays(void **state)
{
	pcie_link_config config = link_bare(2, 8);
	pcie_direction up, again, other;
	const int num = 100000;

	(void)state;
	config.bit_error_rate = INT64_C(10000000000000); /* 1e-5 in 1e-18 */
	up = direction_of(&config, PCIE_UP);
	again = direction_of(&config, PCIE_UP);
	pcie_direction_init(&other, &config, PCIE_UP, TEST_SEED + 1, 0);
	for (int i = 0; i < num; i++) {
		pcie_timing t;

		pcie_direction_send(&up, 0, PCIE_WRITE, HIGH, 256, &t);
		assert_int_equal(t.replay_ps % 410000, 0);
		assert_int_equal(t.end_ps, t.wait_ps + t.serialization_ps + t.replay_ps);
		assert_int_equal(t.arrival_ps, t.end_ps + 120000);
		pcie_direction_send(&again, 0, PCIE_WRITE, HIGH, 256, NULL);
		pcie_direction_send(&other, 0, PCIE_WRITE, HIGH, 256, NULL);
	}
	assert_in_range(up.stats.num_replays, 2881 - 4 * 54, 2881 + 4 * 54);
	assert_int_equal(up.busy_until_ps, (ps_t)num * 70000 + (ps_t)up.stats.num_replays * 410000);
	assert_int_equal(up.stats.stall_ps[PCIE_CAUSE_REPLAY], (ps_t)up.stats.num_replays * 410000);
	assert_int_equal(up.stats.wire_bytes, num * 280);
	assert_int_equal(again.busy_until_ps, up.busy_until_ps);
	assert_memory_equal(&again.errors, &up.errors, sizeof(up.errors));
	assert_int_not_equal(other.busy_until_ps, up.busy_until_ps);
	assert_in_range(other.stats.num_replays, 2881 - 4 * 54, 2881 + 4 * 54);
}

/* 4,120 B at 1e-4 are 4.12 expected errors: the chance is capped at 1, so each TLP goes five times. A credit comes back
 * after the transmission that passed. */
static void hopeless_links_end(void **state)
{
	pcie_link_config config = link_bare(2, 8);
	pcie_direction up;
	pcie_timing t;

	(void)state;
	config.bit_error_rate = INT64_C(100000000000000);
	config.max_payload = 4096;
	config.credits.up.posted_headers = 1;
	up = direction_of(&config, PCIE_UP);
	pcie_direction_send(&up, 0, PCIE_WRITE, HIGH, 4096, &t);
	assert_int_equal(t.serialization_ps, 4120 * 250);
	assert_int_equal(t.replay_ps, 4 * (4120 * 250 + 340000));
	assert_int_equal(up.stats.num_replays, 4);
	assert_int_equal(pcie_direction_ready(&up, 0, PCIE_WRITE, HIGH, 4), t.end_ps + 290000);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(pcie_side_name(PCIE_UP), "up");
	assert_string_equal(pcie_side_name(PCIE_DOWN), "down");
	for (int i = 0; i < PCIE_NUM_CAUSES; i++)
		assert_non_null(pcie_cause_name((pcie_cause)i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_are_those_of_the_spec),
		cmocka_unit_test(dllp_intervals_are_those_of_the_spec),
		cmocka_unit_test(dllps_take_their_share),
		cmocka_unit_test(gen2_by_hand),
		cmocka_unit_test(gen3_rounds_up_but_does_not_drift),
		cmocka_unit_test(shared_rate_does_not_drift),
		cmocka_unit_test(one_header_credit),
		cmocka_unit_test(data_credits_wait_for_enough),
		cmocka_unit_test(the_last_data_credit_counts),
		cmocka_unit_test(credits_equal_plain_bookkeeping),
		cmocka_unit_test(details_change_nothing),
		cmocka_unit_test(sends_what_the_arithmetic_says),
		cmocka_unit_test(credits_belong_to_side_and_kind),
		cmocka_unit_test(bit_errors_cost_their_replays),
		cmocka_unit_test(hopeless_links_end),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
