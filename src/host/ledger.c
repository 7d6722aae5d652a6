#include "host/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define VALUE_INITIAL 0
#define VALUE_ZERO (UINT64_C(1) << 63) /* | sequence */
#define VALUE_SEVERAL UINT64_MAX

/* Why numbers suffice as times: sequence numbers are given out in the order of begins, so a value completed before write
 * s began if and only if the last number given out at its completion is below s. */

typedef struct ledger_page {
	ledger_entry *entries; /* NULL = all are like `all` */
	ledger_entry all;      /* one value */
} ledger_page;

static uint64_t sequence_of(uint64_t value)
{
	return value & ~VALUE_ZERO;
}

static bool is_zero(uint64_t value)
{
	return (value & VALUE_ZERO) != 0;
}

void ledger_init(ledger *book, const ledger_config *config)
{
	NESC_ASSERT(config->vm <= CONTENT_MAX_OWNER && config->num_sectors <= CONTENT_MAX_SECTOR + 1 && config->initial,
		    "ledger of VM %u with %" PRIu64 " sectors", config->vm, config->num_sectors);
	*book = (ledger){ .config = *config };
}

static void free_ledger_page(void *page_argument)
{
	ledger_page *page = page_argument;

	free(page->entries);
	free(page);
}

void ledger_fini(ledger *book)
{
	page_map_fini(&book->pages, free_ledger_page);
	free(book->nodes);
	free(book->requests);
	*book = (ledger){ 0 };
}

nescsim_status ledger_status(const ledger *book)
{
	return book->is_out_of_memory ? NESCSIM_NO_MEMORY : NESCSIM_OK;
}

/* ---- Nodes ---- */

/* Room in a table of `bytes` each for one more, at most UINT32_MAX - 1 in all. */
static bool reserve(void *table_pointer, uint32_t num, uint32_t *max, size_t bytes)
{
	uint32_t grown_max = *max ? 2 * *max : 16;
	void *grown, *table;

	if (num < *max)
		return true;
	if (*max >= UINT32_MAX / 2)
		return false;
	memcpy(&table, table_pointer, sizeof(table));
	grown = realloc(table, grown_max * bytes);
	if (!grown)
		return false;
	memcpy(table_pointer, &grown, sizeof(grown));
	*max = grown_max;
	return true;
}

static ledger_node *node_at(const ledger *book, uint32_t index_plus_1)
{
	return &book->nodes[index_plus_1 - 1];
}

/* Puts a node in front of the chain that *head starts; false when out of memory. `head` must not lie in `nodes`. */
static bool push_node(ledger *book, uint32_t *head, ledger_node node)
{
	uint32_t link = book->free_node;

	if (link != 0) {
		book->free_node = node_at(book, link)->next;
	} else {
		if (!reserve(&book->nodes, book->num_nodes, &book->max_nodes, sizeof(*book->nodes))) {
			book->is_out_of_memory = true;
			return false;
		}
		link = ++book->num_nodes;
	}
	node.next = *head;
	*node_at(book, link) = node;
	*head = link;
	return true;
}

static void free_node(ledger *book, uint32_t link)
{
	node_at(book, link)->next = book->free_node;
	book->free_node = link;
}

/* ---- Requests under way ---- */

static ledger_request *request_at(const ledger *book, uint32_t index_plus_1)
{
	return &book->requests[index_plus_1 - 1];
}

/* Returns the new request's index + 1 as the queue's newest; 0 when out of memory. */
static uint32_t add_request(ledger *book, ledger_queue *queue, ledger_request request)
{
	uint32_t link = book->free_request;

	if (link != 0) {
		book->free_request = request_at(book, link)->newer;
	} else {
		if (!reserve(&book->requests, book->num_requests, &book->max_requests, sizeof(*book->requests))) {
			book->is_out_of_memory = true;
			return 0;
		}
		link = ++book->num_requests;
	}
	request.older = queue->newest;
	request.newer = 0;
	*request_at(book, link) = request;
	if (queue->newest != 0)
		request_at(book, queue->newest)->newer = link;
	else
		queue->oldest = link;
	queue->newest = link;
	return link;
}

static void remove_request(ledger *book, ledger_queue *queue, uint32_t link)
{
	ledger_request *request = request_at(book, link);

	if (request->older != 0)
		request_at(book, request->older)->newer = request->newer;
	else
		queue->oldest = request->newer;
	if (request->newer != 0)
		request_at(book, request->newer)->older = request->older;
	else
		queue->newest = request->older;
	request->newer = book->free_request;
	book->free_request = link;
}

static void advance(ledger *book, ps_t now_ps)
{
	NESC_ASSERT(now_ps >= book->now_ps, "VM %u: from %" PRId64 " ps back to %" PRId64 " ps", book->config.vm,
		    book->now_ps, now_ps);
	book->now_ps = now_ps;
}

static void check_range(const ledger *book, uint64_t first_sector, uint64_t num_sectors)
{
	NESC_ASSERT(num_sectors <= book->config.num_sectors && first_sector <= book->config.num_sectors - num_sectors,
		    "VM %u: sectors %" PRIu64 " + %" PRIu64 " of %" PRIu64, book->config.vm, first_sector, num_sectors,
		    book->config.num_sectors);
}

static bool overlaps(const ledger_request *request, uint64_t first_sector, uint64_t num_sectors)
{
	return first_sector < request->first_sector + request->num_sectors &&
	       request->first_sector < first_sector + num_sectors;
}

/* ---- A sector's values ---- */

/* Adds a value in some sectors to what the read may return. Runs of sectors share a node, as writes are settled in
 * ascending order. */
static void keep_for_read(ledger *book, ledger_request *read, ledger_node kept)
{
	for (uint32_t link = read->kept; link != 0; link = node_at(book, link)->next) {
		ledger_node *node = node_at(book, link);
		bool is_same = is_zero(kept.first_value)
				       ? is_zero(node->first_value)
				       : node->first_value == kept.first_value && node->last_value == kept.last_value;
		uint64_t distance = kept.sector - node->sector;

		if (is_same && distance <= node->num_sectors) {
			if (node->num_sectors < distance + kept.num_sectors)
				node->num_sectors = distance + kept.num_sectors;
			return;
		}
	}
	push_node(book, &read->kept, kept);
}

/* A value is no longer acceptable in the sectors: reads that may still return it remember it. */
static void keep_for_reads(ledger *book, uint64_t first_sector, uint64_t num_sectors, uint64_t first_value,
			   uint64_t last_value)
{
	for (uint32_t link = book->reads.oldest; link != 0; link = request_at(book, link)->newer) {
		ledger_request *read = request_at(book, link);
		uint64_t first = first_sector, end = first_sector + num_sectors;

		/* DATA that began after the read did is known by its number; zeros do not tell theirs. */
		if (!overlaps(read, first_sector, num_sectors) || (!is_zero(first_value) && first_value > read->value))
			continue;
		first = first > read->first_sector ? first : read->first_sector;
		end = end < read->first_sector + read->num_sectors ? end : read->first_sector + read->num_sectors;
		keep_for_read(book, read,
			      (ledger_node){ .first_value = first_value,
					     .last_value = last_value,
					     .sector = first,
					     .num_sectors = end - first });
	}
}

/* Drops the values that completed before write `sequence` began. Returns the head of the list of those that stay. */
static uint32_t drop_superseded(ledger *book, ledger_entry *entry, uint64_t sector, uint64_t sequence)
{
	uint32_t link = (uint32_t)entry->end_sequence, next, head = 0, tail = 0;

	if (entry->value != VALUE_SEVERAL) {
		if (entry->end_sequence < sequence)
			keep_for_reads(book, sector, 1, entry->value, entry->value);
		else
			push_node(book, &head,
				  (ledger_node){ .first_value = entry->value,
						 .last_value = entry->value,
						 .end_sequence = entry->end_sequence });
		return head;
	}
	for (; link != 0; link = next) {
		ledger_node node = *node_at(book, link);

		next = node.next;
		if (node.end_sequence < sequence) {
			free_node(book, link);
			keep_for_reads(book, sector, 1, node.first_value, node.last_value);
			continue;
		}
		if (tail != 0)
			node_at(book, tail)->next = link;
		else
			head = link;
		tail = link;
		node_at(book, link)->next = 0;
	}
	return head;
}

/* The write, which just completed, is a value that the sector may hold. */
static void add_value(ledger *book, ledger_entry *entry, uint64_t sector, uint64_t value, bool failed)
{
	ledger_node added = { .first_value = value, .last_value = value, .end_sequence = book->last_sequence };
	uint32_t head = drop_superseded(book, entry, sector, failed ? 0 : sequence_of(value));
	uint32_t num_values = 0, zeros = 0, data = 0;

	if (head == 0) {
		*entry = (ledger_entry){ value, added.end_sequence };
		return;
	}
	for (uint32_t link = head; link != 0; link = node_at(book, link)->next, num_values++) {
		if (is_zero(node_at(book, link)->first_value))
			zeros = link;
		else if (node_at(book, link)->first_value != VALUE_INITIAL)
			data = link;
	}
	if (is_zero(value) && zeros != 0) {
		/* Zeros are zeros, and these are superseded last. */
		node_at(book, zeros)->end_sequence = added.end_sequence;
	} else if (failed && !is_zero(value) && num_values >= LEDGER_MAX_VALUES && data != 0) {
		ledger_node *lump = node_at(book, data);

		lump->first_value = lump->first_value < value ? lump->first_value : value;
		lump->last_value = lump->last_value > value ? lump->last_value : value;
		lump->end_sequence = added.end_sequence;
	} else {
		push_node(book, &head, added);
	}
	*entry = (ledger_entry){ VALUE_SEVERAL, head };
}

static ledger_page *want_page(ledger *book, uint64_t number)
{
	ledger_page *page = page_map_find(&book->pages, number);

	if (page)
		return page;
	page = calloc(1, sizeof(*page));
	if (page && page_map_add(&book->pages, number, page))
		return page;
	free(page);
	book->is_out_of_memory = true;
	return NULL;
}

static bool want_entries(ledger *book, ledger_page *page)
{
	if (page->entries)
		return true;
	page->entries = calloc(LEDGER_PAGE_SECTORS, sizeof(*page->entries));
	if (!page->entries) {
		book->is_out_of_memory = true;
		return false;
	}
	/* Those of the start are zero, which leaves untouched memory untouched. */
	for (size_t i = 0; page->all.value != VALUE_INITIAL && i < LEDGER_PAGE_SECTORS; i++)
		page->entries[i] = page->all;
	return true;
}

/* The write left its value in [first_sector, last_sector] of one page. */
static void settle_page(ledger *book, uint64_t first_sector, uint64_t last_sector, uint64_t value, bool failed)
{
	ledger_page *page = want_page(book, first_sector / LEDGER_PAGE_SECTORS);
	uint64_t num_sectors = last_sector - first_sector + 1, num_single = 0;
	bool is_whole = num_sectors == LEDGER_PAGE_SECTORS;

	if (!page)
		return;
	if (!page->entries && is_whole && !failed && page->all.end_sequence < sequence_of(value)) {
		keep_for_reads(book, first_sector, num_sectors, page->all.value, page->all.value);
		page->all = (ledger_entry){ value, book->last_sequence };
		return;
	}
	if (!want_entries(book, page))
		return;
	for (uint64_t sector = first_sector; sector <= last_sector && !book->is_out_of_memory; sector++) {
		ledger_entry *entry = &page->entries[sector % LEDGER_PAGE_SECTORS];

		add_value(book, entry, sector, value, failed);
		num_single += entry->value == value;
	}
	if (is_whole && num_single == num_sectors) {
		free(page->entries);
		page->entries = NULL;
		page->all = (ledger_entry){ value, book->last_sequence };
	}
}

/* ---- Writes ---- */

static uint64_t begin_write(ledger *book, uint64_t first_sector, uint64_t num_sectors, uint64_t flag, ps_t now_ps)
{
	uint64_t sequence;

	advance(book, now_ps);
	check_range(book, first_sector, num_sectors);
	sequence = ++book->last_sequence;
	NESC_ASSERT_DEBUG(sequence <= CONTENT_MAX_SEQUENCE, "too many writes");
	add_request(book, &book->writes,
		    (ledger_request){ .value = flag | sequence,
				      .first_sector = first_sector,
				      .num_sectors = num_sectors,
				      .begin_ps = now_ps });
	return sequence;
}

uint64_t ledger_write_begin(ledger *book, uint64_t first_sector, uint64_t num_sectors, ps_t now_ps)
{
	return begin_write(book, first_sector, num_sectors, 0, now_ps);
}

uint64_t ledger_discard_begin(ledger *book, uint64_t first_sector, uint64_t num_sectors, ps_t now_ps)
{
	return begin_write(book, first_sector, num_sectors, VALUE_ZERO, now_ps);
}

void ledger_write_end(ledger *book, uint64_t sequence, bool failed, ps_t now_ps)
{
	uint32_t link = book->writes.oldest;
	ledger_request write;

	advance(book, now_ps);
	while (link != 0 && sequence_of(request_at(book, link)->value) != sequence)
		link = request_at(book, link)->newer;
	if (book->is_out_of_memory)
		return;
	NESC_ASSERT(link != 0, "VM %u: write %" PRIu64 " is not under way", book->config.vm, sequence);
	write = *request_at(book, link);
	remove_request(book, &book->writes, link);
	if (book->config.may_share)
		return;
	for (uint64_t sector = write.first_sector, end = sector + write.num_sectors; sector < end;) {
		uint64_t last_sector = sector | (LEDGER_PAGE_SECTORS - 1);

		last_sector = last_sector < end ? last_sector : end - 1;
		settle_page(book, sector, last_sector, write.value, failed);
		if (book->is_out_of_memory)
			return;
		sector = last_sector + 1;
	}
}

void ledger_forget(ledger *book, uint64_t first_sector, uint64_t num_sectors, ps_t now_ps)
{
	ledger_write_end(book, ledger_discard_begin(book, first_sector, num_sectors, now_ps), false, now_ps);
}

/* ---- Reads ---- */

uint32_t ledger_read_begin(ledger *book, uint64_t first_sector, uint64_t num_sectors, ps_t now_ps)
{
	advance(book, now_ps);
	check_range(book, first_sector, num_sectors);
	return add_request(book, &book->reads,
			   (ledger_request){ .value = book->last_sequence,
					     .first_sector = first_sector,
					     .num_sectors = num_sectors,
					     .begin_ps = now_ps });
}

/* Is the stamp what one of the values first ... last leaves in the sector? */
static bool matches(const ledger *book, uint64_t first_value, uint64_t last_value, uint64_t sector, content_stamp stamp)
{
	uint64_t sequence = content_sequence_of(stamp);

	if (first_value == VALUE_INITIAL)
		return content_equal(stamp, book->config.initial(book->config.context, sector));
	if (is_zero(first_value))
		return content_equal(stamp, content_zero());
	return sequence >= first_value && sequence <= last_value &&
	       content_equal(stamp, content_data(book->config.vm, sector, sequence));
}

/* What the sector may hold now. */
static ledger_entry entry_of(ledger *book, uint64_t sector)
{
	const ledger_page *page = page_map_find(&book->pages, sector / LEDGER_PAGE_SECTORS);

	if (!page)
		return (ledger_entry){ VALUE_INITIAL, 0 };
	return page->entries ? page->entries[sector % LEDGER_PAGE_SECTORS] : page->all;
}

static bool is_contained(const ledger *book, uint64_t sector, content_stamp stamp)
{
	const ledger_config *config = &book->config;
	uint32_t vm = content_owner_of(stamp);

	if (content_kind_of(stamp) == CONTENT_DATA)
		return config->may_share(config->context, vm, content_sector_of(stamp), sector);
	return content_equal(stamp, content_zero()) || content_equal(stamp, config->initial(config->context, sector));
}

static bool is_acceptable(ledger *book, const ledger_request *read, uint64_t sector, content_stamp stamp)
{
	ledger_entry entry;

	if (book->config.may_share)
		return is_contained(book, sector, stamp);
	entry = entry_of(book, sector);
	if (entry.value != VALUE_SEVERAL && matches(book, entry.value, entry.value, sector, stamp))
		return true;
	for (uint32_t link = entry.value == VALUE_SEVERAL ? (uint32_t)entry.end_sequence : 0; link != 0;
	     link = node_at(book, link)->next) {
		const ledger_node *node = node_at(book, link);

		if (matches(book, node->first_value, node->last_value, sector, stamp))
			return true;
	}
	if (read->value < book->last_sequence && matches(book, read->value + 1, book->last_sequence, sector, stamp))
		return true;
	for (uint32_t link = book->writes.oldest; link != 0; link = request_at(book, link)->newer) {
		const ledger_request *write = request_at(book, link);

		if (overlaps(write, sector, 1) && matches(book, write->value, write->value, sector, stamp))
			return true;
	}
	for (uint32_t link = read->kept; link != 0; link = node_at(book, link)->next) {
		const ledger_node *node = node_at(book, link);

		if (sector - node->sector < node->num_sectors &&
		    matches(book, node->first_value, node->last_value, sector, stamp))
			return true;
	}
	return false;
}

/* One stamp that the sector may hold: the latest completed. */
static content_stamp example_of(ledger *book, uint64_t sector)
{
	ledger_entry entry = entry_of(book, sector);
	uint64_t value = entry.value;

	if (value == VALUE_SEVERAL)
		value = node_at(book, (uint32_t)entry.end_sequence)->last_value;
	if (value == VALUE_INITIAL)
		return book->config.initial(book->config.context, sector);
	return is_zero(value) ? content_zero() : content_data(book->config.vm, sector, value);
}

static void end_read(ledger *book, uint32_t handle)
{
	for (uint32_t link = request_at(book, handle)->kept, next; link != 0; link = next) {
		next = node_at(book, link)->next;
		free_node(book, link);
	}
	remove_request(book, &book->reads, handle);
}

bool ledger_read_end(ledger *book, uint32_t handle, const content_stamp *stamps, ps_t now_ps,
		     ledger_violation *violation_out)
{
	uint64_t num_bad_sectors = 0;
	ledger_request read;

	advance(book, now_ps);
	if (handle == 0)
		return true;
	read = *request_at(book, handle);
	for (uint64_t i = 0; i < read.num_sectors && !book->is_out_of_memory; i++) {
		uint64_t sector = read.first_sector + i;

		if (is_acceptable(book, &read, sector, stamps[i]))
			continue;
		if (num_bad_sectors++ == 0)
			*violation_out = (ledger_violation){ .vm = book->config.vm,
							     .sector = sector,
							     .found = stamps[i],
							     .expected = example_of(book, sector),
							     .first_sector = read.first_sector,
							     .num_sectors = read.num_sectors,
							     .begin_ps = read.begin_ps,
							     .end_ps = now_ps };
	}
	end_read(book, handle);
	if (num_bad_sectors != 0)
		violation_out->num_bad_sectors = num_bad_sectors;
	return num_bad_sectors == 0;
}

void ledger_read_drop(ledger *book, uint32_t handle, ps_t now_ps)
{
	advance(book, now_ps);
	if (handle != 0)
		end_read(book, handle);
}

const char *ledger_violation_text(const ledger_violation *violation, char *text, size_t text_bytes)
{
	char found[CONTENT_TEXT_BYTES], expected[CONTENT_TEXT_BYTES];

	snprintf(text, text_bytes,
		 "VM %u: sector %" PRIu64 " reads as %s, where %s would be right (%" PRIu64 " bad of the %" PRIu64
		 " sectors from %" PRIu64 " on, read from %" PRId64 " ps to %" PRId64 " ps)",
		 violation->vm, violation->sector, content_text(violation->found, found, sizeof(found)),
		 content_text(violation->expected, expected, sizeof(expected)), violation->num_bad_sectors,
		 violation->num_sectors, violation->first_sector, violation->begin_ps, violation->end_ps);
	return text;
}
