/* Do the rows describe the struct, and does a bad link get its message? */
#include "link_defaults.h"

#include "config/config.h"
#include "pcie/link_config.h"

/* Decodes `text` as the link section; returns the number of mistakes. */
static size_t decode(const char *text, pcie_link_config *config)
{
	nescsim_diag *diag = nescsim_diag_create();
	cfg_document *document = NULL;
	nescsim_status status;
	size_t num;

	assert_non_null(diag);
	status = cfg_load_text("test", text, NULL, 0, diag, &document);
	assert_int_equal(status, NESCSIM_OK);
	status = cfg_decode(document, &pcie_link_section, config, diag);
	num = nescsim_diag_count(diag);
	assert_int_equal(status, num == 0 ? NESCSIM_OK : NESCSIM_CONFIG);
	cfg_document_destroy(document);
	nescsim_diag_destroy(diag);
	return num;
}

static void defaults_are_the_board(void **state)
{
	pcie_link_config config = link_defaults(2, 8), decoded;

	(void)state;
	memset(&decoded, 0, sizeof(decoded));
	assert_int_equal(decode("{}", &decoded), 0);
	assert_int_equal(decoded.generation, 2);
	assert_int_equal(decoded.lanes, 8);
	assert_int_equal(decoded.max_payload, 256);
	assert_int_equal(decoded.credits.up.posted_headers, config.credits.up.posted_headers);
	assert_int_equal(decoded.credits.down.nonposted_headers, config.credits.down.nonposted_headers);
	assert_int_equal(decoded.latency, config.latency);
	assert_int_equal(decoded.dllp_share, true);
	assert_int_equal(decoded.iommu, false);
}

static void keys_reach_their_fields(void **state)
{
	pcie_link_config config;

	(void)state;
	assert_int_equal(
		decode("{generation: 3, max_payload: 512 B, completion_pieces: boundary, bit_error_rate: 1e-12,\n"
		       " credits: {up: {posted_headers: 7}, down: {completion_headers: 9}}, latency: 90 ns}",
		       &config),
		0);
	assert_int_equal(config.generation, 3);
	assert_int_equal(config.max_payload, 512);
	assert_int_equal(config.completion_pieces, PCIE_PIECES_BOUNDARY);
	assert_int_equal(config.bit_error_rate, 1000000);
	assert_int_equal(config.credits.up.posted_headers, 7);
	assert_int_equal(config.credits.down.completion_headers, 9);
	assert_int_equal(config.latency, 90000);
}

static void impossible_links_are_refused(void **state)
{
	static const char *const texts[] = {
		"generation: 6",
		"generation: 0",
		"lanes: 3",
		"lanes: 32",
		"max_payload: 64 B",
		"max_payload: 300 B",
		"read_completion_boundary: 256 B",
		"tags: 0",
		"tags: 257",
		"bit_error_rate: 0.1",
		"latency: 5",
		"credits: {up: {posted_headers: 128}}",
		"credits: {up: {posted_data: 15}}",     /* a TLP of 256 B has 16 */
		"credits: {down: {posted_headers: 0}}", /* posted_data is finite */
		"max_payload: 4096 B\ncredits: {up: {posted_data: 255}}",
		"credits: {down: {completion_data: 64}}", /* without headers */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		pcie_link_config config;

		if (decode(texts[i], &config) != 1)
			fail_msg("'%s' did not give one mistake", texts[i]);
	}
}

static void every_row_says_what_and_whence(void **state)
{
	(void)state;
	for (size_t i = 0; i < pcie_link_section.num_keys; i++) {
		const cfg_key *key = &pcie_link_section.keys[i];

		assert_non_null(key->help);
		if (key->type != CFG_SECTION)
			assert_non_null(key->source);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_the_board),
		cmocka_unit_test(keys_reach_their_fields),
		cmocka_unit_test(impossible_links_are_refused),
		cmocka_unit_test(every_row_says_what_and_whence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
