/* Which unit limits a scheme? The one that is busy nearly all the time; if there is none, latency limits, and the stage
 * in which requests spend most of it says where. */
#include <stdio.h>

#include "metrics/decimal.h"
#include "run/outcome.h"

uint32_t ratio_ppm(metrics_u128 numerator, metrics_u128 denominator)
{
	return denominator == 0 ? 0 : (uint32_t)((numerator * 1000000 + denominator / 2) / denominator);
}

static void consider(bottleneck *best, const char *unit, metrics_u128 busy_ps, metrics_u128 available_ps)
{
	const uint32_t ppm = ratio_ppm(busy_ps, available_ps);

	if (best->unit[0] != '\0' && ppm <= best->finding.utilisation_ppm)
		return;
	best->finding.utilisation_ppm = ppm;
	snprintf(best->unit, sizeof(best->unit), "%s", unit);
}

/* Who polls would have time for work. */
static ps_t busy_ps(const ps_t cpu_ps[CPU_NUM_OWNERS])
{
	ps_t sum_ps = -cpu_ps[CPU_POLLING];

	for (int owner = 0; owner < CPU_NUM_OWNERS; owner++)
		sum_ps += cpu_ps[owner];
	return sum_ps;
}

/* Threads, or the cores that they share. */
static void consider_threads(const scheme_result *scheme, bottleneck *best)
{
	const metrics_u128 run_ps = (metrics_u128)scheme_run_ps(scheme);

	for (uint32_t i = 0; i < scheme->num_threads; i++) {
		char name[UNIT_NAME_BYTES];

		snprintf(name, sizeof(name), "vm[%u].io_thread", scheme->threads[i].vm);
		consider(best, name, (metrics_u128)busy_ps(scheme->threads[i].cpu_ps), run_ps);
	}
	if (scheme->has_io_cores)
		consider(best, "io_cores", (metrics_u128)scheme->io_cores_busy_ps, run_ps * scheme->num_io_cores);
}

static void find_busiest(const scheme_result *scheme, bottleneck *best)
{
	const metrics_u128 run_ps = (metrics_u128)scheme_run_ps(scheme);

	for (uint32_t i = 0; i < scheme->num_units; i++)
		consider(best, scheme->units[i].name, (metrics_u128)scheme->units[i].busy_ps,
			 run_ps * scheme->units[i].num_servers);
	for (uint32_t i = 0; i < scheme->num_cores; i++) {
		const core_result *core = &scheme->cores[i];
		char name[UNIT_NAME_BYTES];

		snprintf(name, sizeof(name), "vm[%u].vcpu[%u]", core->vm, core->vcpu);
		consider(best, name, (metrics_u128)busy_ps(core->cpu_ps), run_ps);
	}
	consider_threads(scheme, best);
}

static nescsim_status find_stage(const scheme_result *scheme, metrics_layer layer, nescsim_bottleneck *finding)
{
	metrics_summary summary;
	metrics_u128 total_ps = 0, largest_ps = 0;
	nescsim_status status = metrics_summarize(scheme->metrics, layer, METRICS_ALL_VMS, METRICS_ALL_OPS, &summary);

	if (status != NESCSIM_OK)
		return status;
	finding->stage = stage_name(STAGE_APP);
	for (int i = 0; i < NUM_STAGES; i++) {
		const metrics_u128 stage_ps = summary.service_ps[i] + summary.wait_ps[i];

		total_ps += stage_ps;
		if (stage_ps > largest_ps) {
			largest_ps = stage_ps;
			finding->stage = stage_name((stage)i);
		}
	}
	finding->stage_ppm = ratio_ppm(largest_ps, total_ps);
	return NESCSIM_OK;
}

nescsim_status bottleneck_find(const scheme_result *scheme, metrics_layer layer, bottleneck *bottleneck_out)
{
	nescsim_bottleneck *finding = &bottleneck_out->finding;
	char unit_percent[DECIMAL_TEXT_BYTES], stage_percent[DECIMAL_TEXT_BYTES];
	nescsim_status status;

	*bottleneck_out = (bottleneck){ .finding = { .scheme = scheme->ops->name } };
	find_busiest(scheme, bottleneck_out);
	status = find_stage(scheme, layer, finding);
	if (status != NESCSIM_OK)
		return status;
	decimal_ratio(finding->utilisation_ppm, 10000, 1, unit_percent, sizeof(unit_percent));
	decimal_ratio(finding->stage_ppm, 10000, 1, stage_percent, sizeof(stage_percent));
	finding->saturated = finding->utilisation_ppm >= SATURATED_PPM;
	if (finding->saturated)
		snprintf(bottleneck_out->sentence, sizeof(bottleneck_out->sentence),
			 "saturated: %s, busy %s %% of the time", bottleneck_out->unit, unit_percent);
	else
		snprintf(bottleneck_out->sentence, sizeof(bottleneck_out->sentence),
			 "latency-bound: largest stage is %s (%s %%); the busiest unit, %s, is busy %s %% of the time",
			 finding->stage, stage_percent, bottleneck_out->unit, unit_percent);
	return NESCSIM_OK;
}
