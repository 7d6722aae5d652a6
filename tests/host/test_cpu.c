/* Is every nanosecond of a core charged to the right owner, once? */
#include "one_vm.h"

static void assert_cpu(const one_vm *vm, ps_t guest_ps, ps_t kvm_ps, ps_t kernel_ps, ps_t app_ps)
{
	assert_int_equal(vcpu_cpu_ps(vm->vcpu, CPU_GUEST), guest_ps);
	assert_int_equal(vcpu_cpu_ps(vm->vcpu, CPU_KVM), kvm_ps);
	assert_int_equal(vcpu_cpu_ps(vm->vcpu, CPU_KERNEL), kernel_ps);
	assert_int_equal(vcpu_cpu_ps(vm->vcpu, CPU_APP), app_ps);
}

/* 4 KiB, one at a time. A copy at 8.5 GB/s takes 481,883 ps (rounded up). */
#define ONE_AT_A_TIME "vms: [{workload: {kind: dd, op: %s, count: 50%s}}]"

/* Guest: call 300, block layer 250, driver 200, 4 register writes of 25, handler 400, copy, block layer 150, process
 * 1,100, return 200. KVM: HLT exit 700, wake-up 1,100, EOI exit 700. */
static void a_guests_time_by_owner(void **state)
{
	static const char *const ops[] = { "read", "write" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		char yaml[256];
		one_vm vm;

		snprintf(yaml, sizeof(yaml), ONE_AT_A_TIME, ops[i], "");
		one_vm_run(&vm, yaml, stack_named("nesc"));
		assert_int_equal(vcpu_num_completed(vm.vcpu), 50);
		assert_cpu(&vm, 50 * (INT64_C(2700000) + 481883), 50 * INT64_C(2500000), 0, 0);
		one_vm_free(&vm);
	}
}

/* Kernel: call 300, block layer 450, driver 200, register writes 100, handler 400, block layer 350, process 1,100,
 * return 200; nothing for idling, no copies. */
static void a_processs_time_by_owner(void **state)
{
	char yaml[256];
	one_vm vm;

	(void)state;
	snprintf(yaml, sizeof(yaml), ONE_AT_A_TIME, "read", "");
	one_vm_run(&vm, yaml, stack_named("host"));
	assert_cpu(&vm, 0, 0, 50 * INT64_C(3100000), 0);
	one_vm_free(&vm);
}

/* Think time is the guest's, or the application's; 49 times 30,000,001 ps whatever interrupts it. Interrupts all find
 * the vCPU running: exit 700 and EOI 700. */
static void thinking_is_charged_in_full(void **state)
{
	char yaml[256];
	one_vm vm;

	(void)state;
	snprintf(yaml, sizeof(yaml), ONE_AT_A_TIME, "read", ", depth: 4, think: 30000001 ps");
	one_vm_run(&vm, yaml, stack_named("nesc"));
	/* the last request's interrupt finds it idle: 700 + 1,100 instead of 700 */
	assert_cpu(&vm, 50 * (INT64_C(2700000) + 481883) + 49 * INT64_C(30000001), 50 * INT64_C(1400000) + 1100000, 0,
		   0);
	one_vm_free(&vm);
	one_vm_run(&vm, yaml, stack_named("host"));
	assert_cpu(&vm, 0, 0, 50 * INT64_C(3100000), 49 * INT64_C(30000001));
	one_vm_free(&vm);
}

/* A core that is never idle between its first submission and its last completion has been charged all that time. */
static void a_busy_cores_time_adds_up(void **state)
{
	/* a device so fast, and so much to do, that an interrupt is always waiting */
	static const char yaml[] =
		"link: {generation: 5, lanes: 16, latency: 0 ps, rc_latency: 0 ps}\nmedia: {kind: null}\n"
		"nesc: {dma: {read_setup: 0, completion_setup: 0, datapath: 128 B}}\n"
		"vms: [{workload: {kind: dd, request_bytes: 512 B, count: 2000, depth: 16}}]";
	one_vm vm;
	ps_t sum_ps = 0;

	(void)state;
	one_vm_run(&vm, yaml, stack_named("nesc"));
	for (int owner = 0; owner < CPU_NUM_OWNERS; owner++)
		sum_ps += vcpu_cpu_ps(vm.vcpu, (cpu_owner)owner);
	assert_int_equal(vcpu_first_submit_ps(vm.vcpu), 0);
	assert_int_equal(sum_ps, vcpu_last_complete_ps(vm.vcpu));
	one_vm_free(&vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guests_time_by_owner),
		cmocka_unit_test(a_processs_time_by_owner),
		cmocka_unit_test(thinking_is_charged_in_full),
		cmocka_unit_test(a_busy_cores_time_adds_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
