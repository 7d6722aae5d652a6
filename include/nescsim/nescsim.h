/* nescsim: exact simulation of storage virtualization. This header includes all others.
 *
 *   nescsim_diag *diag = nescsim_diag_create();
 *   nescsim_config *config = NULL;
 *   nescsim_result *result = NULL;
 *
 *   if (nescsim_config_load("configs/vc707.yaml", NULL, 0, diag, &config) == NESCSIM_OK &&
 *       nescsim_run(config, NULL, diag, &result) == NESCSIM_OK)
 *           nescsim_result_print(result, stdout);
 *   nescsim_diag_print(diag, stderr);
 *   nescsim_result_destroy(result);
 *   nescsim_config_destroy(config);
 *   nescsim_diag_destroy(diag);
 *
 * The library never prints but to the FILEs and folders that it is given, and never exits. Simulated time is whole
 * picoseconds. A process runs one simulation at a time; nothing here may be called from two threads at once.
 */
#ifndef NESCSIM_NESCSIM_H
#define NESCSIM_NESCSIM_H

#include <nescsim/config.h>
#include <nescsim/error.h>
#include <nescsim/extents.h>
#include <nescsim/info.h>
#include <nescsim/link.h>
#include <nescsim/plot.h>
#include <nescsim/report.h>
#include <nescsim/reproduce.h>
#include <nescsim/result.h>
#include <nescsim/run.h>
#include <nescsim/sweep.h>
#include <nescsim/trace.h>
#include <nescsim/validate.h>

#endif
