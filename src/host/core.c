#include "host/core.h"

#include "base/assert.h"

uint32_t core_platform_features(const host_config *host)
{
	return host->interrupts == HOST_INTERRUPTS_POSTED ? WHEN_POSTED : WHEN_EXITS;
}

void core_init(host_core *self, const core_params *params)
{
	const core_table *table = params->table;
	ps_t costs[NUM_COSTS];
	uint32_t num = 0;

	host_costs(params->host, params->guest, params->hypervisor, costs);
	for (int phase = 0; phase < NUM_PHASES; phase++) {
		self->phases[phase] = (core_phase_costs){ .first = num };
		for (uint32_t i = 0; i < table->num_segments; i++) {
			const core_segment *segment = &table->segments[i];

			if (segment->phase != (core_phase)phase || (segment->when & params->features) != segment->when)
				continue;
			NESC_ASSERT_ALWAYS(num < CORE_MAX_SEGMENTS, "a scheme has too many segments");
			self->segment_ps[num] = costs[segment->cost] * (ps_t)(segment->times == 0 ? 1 : segment->times);
			self->phases[phase].fixed_ps += self->segment_ps[num];
			self->segments[num++] = *segment;
		}
		self->phases[phase].num = num - self->phases[phase].first;
	}
	self->copy_ps_per_byte_q32 =
		(uint64_t)((((unsigned __int128)PS_PER_S << 32) + (uint64_t)params->host->copy_bps - 1) /
			   (uint64_t)params->host->copy_bps);
	self->jitter_ps = params->host->jitter_ps;
	self->jitter = rng_open(params->seed, "host.jitter", params->stream);
}

void core_run(host_core *self, core_phase phase, uint64_t num_bytes, stage_marks *marks)
{
	const core_phase_costs *costs = &self->phases[phase];

	for (uint32_t i = costs->first; i < costs->first + costs->num; i++) {
		const core_segment *segment = &self->segments[i];
		ps_t cost_ps =
			segment->copies
				? (ps_t)(((unsigned __int128)self->copy_ps_per_byte_q32 * num_bytes + UINT32_MAX) >> 32)
				: self->segment_ps[i];

		if (__builtin_expect(self->jitter_ps != 0, 0))
			cost_ps += rng_exponential_ps(&self->jitter, self->jitter_ps);
		self->unit.local_ps += cost_ps;
		self->cpu_ps[segment->owner] += cost_ps;
		if (marks != NULL)
			stage_mark_service_of(marks, segment->stage, self->unit.local_ps, segment->name);
	}
}

const char *cpu_owner_name(cpu_owner owner)
{
	static const char *const names[] = {
#define X(symbol, name, what) name,
		CPU_OWNER_LIST(X)
#undef X
	};

	return names[owner];
}
