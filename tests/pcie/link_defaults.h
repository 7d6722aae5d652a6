/* A link with the defaults of its schema, read from the rows themselves, so that no test repeats them. */
#ifndef TESTS_PCIE_LINK_DEFAULTS_H
#define TESTS_PCIE_LINK_DEFAULTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/units.h"
#include "pcie/link_config.h"

static inline int64_t link_number(const cfg_key *key, const char *text)
{
	units_kind kind = key->type == CFG_DURATION  ? UNITS_DURATION
			  : key->type == CFG_BYTES   ? UNITS_BYTES
			  : key->type == CFG_DECIMAL ? UNITS_DECIMAL
						     : UNITS_COUNT;
	int64_t value = -1;

	assert_int_equal(units_parse(kind, key->decimal_scale, text, &value), UNITS_OK);
	return value;
}

static inline void link_default_section(const cfg_section *section, char *value)
{
	for (size_t i = 0; i < section->num_keys; i++) {
		const cfg_key *key = &section->keys[i];
		char *field = value + key->offset_in_struct;
		int64_t number;
		int choice = 0;
		bool flag;

		switch (key->type) {
		case CFG_SECTION:
			link_default_section(key->section, field);
			break;
		case CFG_BOOL:
			flag = strcmp(key->default_text, "true") == 0;
			memcpy(field, &flag, sizeof(flag));
			break;
		case CFG_ENUM:
			while (strcmp(key->choices[choice], key->default_text) != 0)
				choice++;
			memcpy(field, &choice, sizeof(choice));
			break;
		default:
			number = link_number(key, key->default_text);
			memcpy(field, &number, sizeof(number));
		}
	}
}

/* Defaults, but for the generation and the width. */
static inline pcie_link_config link_defaults(int64_t generation, int64_t lanes)
{
	pcie_link_config config;

	memset(&config, 0xa5, sizeof(config)); /* a field without a row would show */
	link_default_section(&pcie_link_section, (char *)&config);
	config.generation = generation;
	config.lanes = lanes;
	return config;
}

/* The same without DLLPs and credit limits, for schedules that fit in a comment. */
static inline pcie_link_config link_bare(int64_t generation, int64_t lanes)
{
	pcie_link_config config = link_defaults(generation, lanes);

	config.dllp_share = false;
	memset(&config.credits, 0, sizeof(config.credits));
	return config;
}

#endif
