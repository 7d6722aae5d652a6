/* Does a run that cannot finish say so, and what was in the way? */
#include "small_units.h"

#include <unistd.h>

#define TIME_LIMIT_S 20 /* a run that never ends is a failure too */

/* ---- deadlock --------------------------------------------------------------------------------------------------- */

typedef struct lonely {
	sim_unit unit;
	sim_queue *in, *out;
	uint32_t num_sent;
	bool came_back; /* the blocking call returned */
	bool result;    /* what it returned */
} lonely;

static void waiting_body(sim_unit *unit)
{
	lonely *self = (lonely *)unit;
	sim_item item;

	sim_thread_delay(unit, 1234);
	self->result = sim_thread_receive(unit, self->in, &item);
	self->came_back = true;
}

static void two_threads_that_wait_for_each_other(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		lonely romeo = { 0 }, juliet = { 0 };
		char *text;

		sim_thread_init(kernel, &romeo.unit, "romeo", waiting_body);
		sim_thread_init(kernel, &juliet.unit, "juliet", waiting_body);
		romeo.in = sim_queue_create(kernel, "letters to him", &juliet.unit, &romeo.unit, 1);
		juliet.in = sim_queue_create(kernel, "letters to her", &romeo.unit, &juliet.unit, 1);
		assert_int_equal(sim_run(kernel), SIM_DEADLOCK);
		/* Both actors have ended, their calls saying that nothing came. */
		assert_true(romeo.came_back && !romeo.result);
		assert_true(juliet.came_back && !juliet.result);
		text = sim_describe(kernel);
		assert_non_null(strstr(text, "romeo at 1234 ps waits for an item"));
		assert_non_null(strstr(text, "juliet at 1234 ps waits for an item"));
		free(text);
		sim_kernel_destroy(kernel);
	}
}

/* Each hardware unit wants to push into the other's full input before it takes anything. */
typedef struct stubborn {
	sim_unit unit;
	sim_queue *out;
} stubborn;

static sim_wait stubborn_step(sim_unit *self, ps_t limit_ps)
{
	stubborn *unit = (stubborn *)self;

	(void)limit_ps;
	while (!sim_full(unit->out))
		sim_push(self, unit->out, 1000, (sim_item){ 0 });
	return SIM_WAIT_SLOT(unit->out);
}

static void two_units_that_wait_for_slots_of_each_other(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		stubborn left, right;
		lonely thread = { 0 };
		char *text;

		sim_unit_init(kernel, &left.unit, "left", stubborn_step, SIM_MERGE, 1000000000);
		sim_unit_init(kernel, &right.unit, "right", stubborn_step, SIM_MERGE, 1000000000);
		sim_thread_init(kernel, &thread.unit, "thread", waiting_body);
		left.out = sim_queue_create(kernel, "rightwards", &left.unit, &right.unit, 3);
		right.out = sim_queue_create(kernel, "leftwards", &right.unit, &left.unit, 2);
		thread.in = sim_queue_create(kernel, "answer", &left.unit, &thread.unit, 1);
		assert_int_equal(sim_run(kernel), SIM_DEADLOCK);
		text = sim_describe(kernel);
		assert_non_null(strstr(text,
				       "left at 0 ps waits for a slot in 'rightwards' (full, 3 of 3, read by right); "
				       "holds 2 of 2 in 'leftwards'"));
		assert_non_null(strstr(text,
				       "right at 0 ps waits for a slot in 'leftwards' (full, 2 of 2, read by left); "
				       "holds 3 of 3 in 'rightwards'"));
		assert_non_null(strstr(text, "thread at 1234 ps waits for an item"));
		free(text);
		sim_kernel_destroy(kernel);
	}
}

static void sending_body(sim_unit *unit)
{
	lonely *self = (lonely *)unit;

	do {
		self->result = sim_thread_send(unit, self->out, 10, (sim_item){ 0 });
		self->num_sent += self->result;
	} while (self->result);
	self->came_back = true;
}

/* The reader has ended: the writer fills the queue and waits for ever. */
static void early_end_body(sim_unit *unit)
{
	sim_thread_delay(unit, 1);
}

static void software_that_nobody_reads(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		lonely writer = { 0 }, reader = { 0 };
		char *text;

		sim_thread_init(kernel, &writer.unit, "writer", sending_body);
		sim_thread_init(kernel, &reader.unit, "reader", early_end_body);
		writer.out = sim_queue_create(kernel, "mail", &writer.unit, &reader.unit, 4);
		assert_int_equal(sim_run(kernel), SIM_DEADLOCK);
		assert_true(writer.came_back);
		assert_int_equal(writer.num_sent, 4);
		text = sim_describe(kernel);
		assert_non_null(
			strstr(text, "writer at 0 ps waits for a slot in 'mail' (full, 4 of 4, read by reader)"));
		assert_non_null(strstr(text, "reader at 1 ps is done; holds 4 of 4 in 'mail'"));
		free(text);
		sim_kernel_destroy(kernel);
	}
}

/* All software is done, but a request never came back: that is no proper end either. */
static void a_lost_request_is_a_deadlock(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		lonely thread = { 0 };

		sim_thread_init(kernel, &thread.unit, "thread", early_end_body);
		sim_in_flight_add(kernel, 1);
		assert_int_equal(sim_run(kernel), SIM_DEADLOCK);
		sim_kernel_destroy(kernel);
	}
}

/* ---- the end ---------------------------------------------------------------------------------------------------- */

/* A server thread that waits for work when all others are done does not keep the run from ending. */
static void serving_body(sim_unit *unit)
{
	lonely *self = (lonely *)unit;
	sim_item item;

	while (sim_thread_receive(unit, self->in, &item)) {
		sim_thread_delay(unit, 100);
		self->num_sent++;
		if (!sim_thread_send(unit, self->out, 0, item))
			break;
	}
	self->came_back = true;
}

static void asking_body(sim_unit *unit)
{
	lonely *self = (lonely *)unit;
	sim_item item;

	for (int i = 0; i < 3; i++)
		if (!sim_thread_send(unit, self->out, 0, (sim_item){ 0 }) || !sim_thread_receive(unit, self->in, &item))
			return;
	self->came_back = true;
}

static void a_daemon_does_not_keep_the_run_alive(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		lonely daemon = { 0 }, thread = { 0 };

		sim_thread_init(kernel, &daemon.unit, "daemon", serving_body);
		daemon.unit.daemon = true;
		sim_thread_init(kernel, &thread.unit, "thread", asking_body);
		daemon.in = thread.out = sim_queue_create(kernel, "work", &thread.unit, &daemon.unit, 1);
		daemon.out = thread.in = sim_queue_create(kernel, "answers", &daemon.unit, &thread.unit, 1);
		assert_int_equal(sim_run(kernel), SIM_FINISHED);
		assert_true(thread.came_back);
		assert_int_equal(thread.unit.local_ps, 300);
		assert_int_equal(daemon.num_sent, 3);
		assert_true(daemon.came_back); /* its actor has ended too */
		sim_kernel_destroy(kernel);
	}
}

/* What hardware still has to do when the last thread ends is done. */
static void fire_and_forget_body(sim_unit *unit)
{
	lonely *self = (lonely *)unit;

	for (uint64_t i = 0; i < 8; i++)
		if (!sim_thread_send(unit, self->out, 5000, (sim_item){ .argument = i }))
			return;
}

static void hardware_finishes_what_it_has(void **state)
{
	(void)state;
	for (size_t p = 0; p < NUM(both_placements); p++) {
		sim_kernel *kernel = sim_kernel_create(both_placements[p]);
		lonely thread = { 0 };
		server slow;

		sim_thread_init(kernel, &thread.unit, "thread", fire_and_forget_body);
		server_init(kernel, &slow, "slow", SIM_MERGE, 100000000, 10);
		thread.out = sim_queue_create(kernel, "work", &thread.unit, &slow.unit, 8);
		assert_int_equal(sim_run(kernel), SIM_FINISHED);
		assert_int_equal(slow.num_records, 8);
		assert_int_equal(slow.records[7].pop_ps, 10000 + 7 * 100000);
		sim_kernel_destroy(kernel);
	}
}

/* ---- stopping --------------------------------------------------------------------------------------------------- */

enum stop_from {
	STOP_HARDWARE,
	STOP_THREAD_RETURNS,
	STOP_THREAD_BLOCKS,
	STOP_UNIT_WAITS,
	STOP_UNIT_DONE
};

typedef struct stopper {
	sim_unit unit;
	enum stop_from how;
	sim_queue *in;
	uint32_t num_steps;
} stopper;

static sim_wait stopper_step(sim_unit *self, ps_t limit_ps)
{
	stopper *unit = (stopper *)self;

	unit->num_steps++;
	if (limit_ps < 5000)
		return SIM_WAIT_UNTIL(5000);
	sim_stop(self->kernel);
	return unit->how == STOP_UNIT_DONE ? SIM_WAIT_DONE : SIM_WAIT_ITEM;
}

static void stopper_body(sim_unit *self)
{
	stopper *unit = (stopper *)self;
	sim_item item;

	if (!sim_thread_sync(self, 5000))
		return;
	sim_stop(self->kernel);
	if (unit->how == STOP_THREAD_BLOCKS)
		sim_thread_receive(self, unit->in, &item);
}

static void a_stopped_run_ends(sim_placement placement, enum stop_from how)
{
	const feed feeds[] = { { .push_ps = 1000 }, { .push_ps = 9000000 } };
	sim_kernel *kernel = sim_kernel_create(placement);
	stopper unit = { .how = how };
	lonely other = { 0 };
	feeder producer;
	server single;
	sim_outcome outcome;

	if (how == STOP_THREAD_RETURNS || how == STOP_THREAD_BLOCKS) {
		sim_thread_init(kernel, &unit.unit, "stopper", stopper_body);
	} else {
		sim_unit_init(kernel, &unit.unit, "stopper", stopper_step, SIM_MERGE, 1000000000);
		unit.unit.software = how != STOP_HARDWARE;
	}
	feeder_init(kernel, &producer, "producer", feeds, NUM(feeds));
	server_init(kernel, &single, "server", SIM_AHEAD, 1000000000, 1);
	sim_thread_init(kernel, &other.unit, "other", waiting_body);
	producer.out = sim_queue_create(kernel, "in", &producer.unit, &single.unit, 1);
	unit.in = sim_queue_create(kernel, "to stopper", &single.unit, &unit.unit, 1);
	other.in = sim_queue_create(kernel, "to other", &single.unit, &other.unit, 1);
	sim_in_flight_add(kernel, 1);
	alarm(TIME_LIMIT_S);
	outcome = sim_run(kernel);
	alarm(0);
	assert_int_equal(outcome, SIM_STOPPED);
	assert_int_equal(single.num_records, 1); /* soon, not at the end */
	assert_true(other.came_back && !other.result);
	sim_kernel_destroy(kernel);
}

static void hardware_can_stop_a_run(void **state)
{
	(void)state;
	a_stopped_run_ends(SIM_CLUSTERED, STOP_HARDWARE);
	a_stopped_run_ends(SIM_PER_UNIT, STOP_HARDWARE);
}

static void a_thread_can_stop_a_run_and_return(void **state)
{
	(void)state;
	a_stopped_run_ends(SIM_PER_UNIT, STOP_THREAD_RETURNS);
	a_stopped_run_ends(SIM_CLUSTERED, STOP_THREAD_RETURNS);
}

static void a_thread_can_stop_a_run_and_block(void **state)
{
	(void)state;
	a_stopped_run_ends(SIM_PER_UNIT, STOP_THREAD_BLOCKS);
	a_stopped_run_ends(SIM_CLUSTERED, STOP_THREAD_BLOCKS);
}

static void software_can_stop_a_run_with_work_under_way(void **state)
{
	(void)state;
	a_stopped_run_ends(SIM_PER_UNIT, STOP_UNIT_WAITS);
	a_stopped_run_ends(SIM_CLUSTERED, STOP_UNIT_WAITS);
}

static void software_can_stop_a_run_as_its_last_act(void **state)
{
	(void)state;
	a_stopped_run_ends(SIM_PER_UNIT, STOP_UNIT_DONE);
	a_stopped_run_ends(SIM_CLUSTERED, STOP_UNIT_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_threads_that_wait_for_each_other),
		cmocka_unit_test(two_units_that_wait_for_slots_of_each_other),
		cmocka_unit_test(software_that_nobody_reads),
		cmocka_unit_test(a_lost_request_is_a_deadlock),
		cmocka_unit_test(a_daemon_does_not_keep_the_run_alive),
		cmocka_unit_test(hardware_finishes_what_it_has),
		cmocka_unit_test(hardware_can_stop_a_run),
		cmocka_unit_test(a_thread_can_stop_a_run_and_return),
		cmocka_unit_test(a_thread_can_stop_a_run_and_block),
		cmocka_unit_test(software_can_stop_a_run_with_work_under_way),
		cmocka_unit_test(software_can_stop_a_run_as_its_last_act),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
