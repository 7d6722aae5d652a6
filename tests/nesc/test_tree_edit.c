/* Does an edited tree say of every block what its source says, and does no edit touch what a device may still read? */
#include <stdlib.h>
#include <string.h>

#include "base/cmocka_all.h"
#include "base/rng.h"
#include "nesc/tree.h"
#include "nesc/tree_edit.h"

#define ARENA_BYTES (UINT64_C(16) << 20)
#define MAX_CELLS 400
#define MAX_NODES (ARENA_BYTES / TREE_MIN_NODE_BYTES)
#define NOT_MAPPED UINT64_MAX
#define NUM_PROBES 3 /* a cell's first block, one in the middle, its last */

static host_memory memory;

/* The naive model: an array of cells, all of the same number of blocks, so that trees of few cells can have extents
 * that are too long for one entry. */
typedef struct model {
	uint64_t first_block, cell_blocks;
	uint32_t num_cells;
	bool is_split; /* the source tells of every cell alone; otherwise of runs as long as can be */
	uint64_t physical[MAX_CELLS];
	uint32_t flags[MAX_CELLS];
} model;

static uint64_t cell_block(const model *m, uint32_t cell, uint32_t probe)
{
	const uint64_t offsets[NUM_PROBES] = { 0, m->cell_blocks / 2, m->cell_blocks - 1 };

	return m->first_block + cell * m->cell_blocks + offsets[probe];
}

static bool continues(const model *m, uint32_t cell)
{
	return !m->is_split && cell > 0 && cell < m->num_cells && m->physical[cell] != NOT_MAPPED &&
	       m->physical[cell - 1] != NOT_MAPPED && m->physical[cell - 1] + m->cell_blocks == m->physical[cell] &&
	       m->flags[cell - 1] == m->flags[cell];
}

static bool model_next(const void *context, uint64_t block, extent *found_out)
{
	const model *m = context;
	uint64_t cell = block < m->first_block ? 0 : (block - m->first_block) / m->cell_blocks;
	uint32_t first, limit;

	while (cell < m->num_cells && m->physical[cell] == NOT_MAPPED)
		cell++;
	if (cell >= m->num_cells)
		return false;
	first = (uint32_t)cell;
	limit = first + 1;
	while (continues(m, first))
		first--;
	while (continues(m, limit))
		limit++;
	*found_out = (extent){ .logical_block = cell_block(m, first, 0),
			       .physical_block = m->physical[first],
			       .num_blocks = (limit - first) * m->cell_blocks,
			       .flags = m->flags[first] };
	return true;
}

/* What a walk of the tree finds: its nodes, and that it is as a tree has to be. */
typedef struct survey {
	const tree_editor *editor;
	uint32_t fan_out, depth; /* of the leaves; 0: none was met */
	size_t num_nodes, num_pruned;
	uint64_t nodes[MAX_NODES];
} survey;

static void survey_leaf(const uint8_t *entry, uint64_t first, uint32_t num_blocks, bool is_first)
{
	const uint8_t *before = entry - TREE_ENTRY_BYTES;
	bool is_next = !is_first && le64_load(before) + le32_load(before + 16) == first &&
		       le64_load(before + 8) + le32_load(before + 16) == le64_load(entry + 8) &&
		       le32_load(before + 20) == le32_load(entry + 20);

	assert_true(num_blocks > 0 && le32_load(entry + 20) <= EXTENT_READ_ONLY);
	if (is_next) /* it would have been merged, were there not a limit */
		assert_true(le32_load(before + 16) == UINT32_MAX);
}

/* The node owns [lowest, highest). Gives what it covers. */
static void survey_node(survey *s, uint64_t address, uint32_t depth, uint64_t highest, uint64_t *first_out,
			uint64_t *limit_out)
{
	const uint8_t *node = memory_at(s->editor->memory, address, s->editor->node_bytes);
	uint32_t kind, num_entries, num_pruned = 0;
	uint64_t end = 0;
	bool was_pruned = false;

	assert_true(node != NULL && address % s->editor->node_bytes == 0 && depth <= TREE_MAX_DEPTH);
	assert_true(s->num_nodes < MAX_NODES);
	s->nodes[s->num_nodes++] = address;
	assert_int_equal(le32_load(node), TREE_MAGIC);
	kind = le16_load(node + 4);
	num_entries = le16_load(node + 6);
	assert_true(kind <= 1 && num_entries <= s->fan_out && le64_load(node + 8) == 0);
	assert_true(num_entries > 0 || (depth == 1 && kind == 1));
	if (kind == 1) {
		assert_true(s->depth == 0 || s->depth == depth);
		s->depth = depth;
	}
	*first_out = num_entries > 0 ? le64_load(node + 16) : 0;
	for (uint32_t i = 0; i < num_entries; i++) {
		const uint8_t *entry = node + TREE_HEADER_BYTES + i * TREE_ENTRY_BYTES;
		uint64_t first = le64_load(entry), target = le64_load(entry + 8);
		uint32_t num_blocks = le32_load(entry + 16);
		uint64_t next = i + 1 < num_entries ? le64_load(entry + TREE_ENTRY_BYTES) : highest;

		assert_true(num_blocks > 0 && first >= end);
		end = first + num_blocks;
		assert_true(end <= next);
		if (kind == 1) {
			survey_leaf(entry, first, num_blocks, i == 0);
			continue;
		}
		assert_int_equal(le32_load(entry + 20), 0);
		assert_false(was_pruned && target == 0);
		was_pruned = target == 0;
		num_pruned += was_pruned;
		if (num_blocks == UINT32_MAX)
			end = next;
		if (target == 0) {
			extent mapped; /* a pruned entry begins with a mapped block */

			assert_true(s->editor->source.next(s->editor->source.context, first, &mapped));
			assert_true(mapped.logical_block <= first);
		} else {
			uint64_t child_first, child_limit, num_covered;

			survey_node(s, target, depth + 1, next, &child_first, &child_limit);
			num_covered = child_limit - child_first;
			assert_true(child_first == first);
			assert_true(num_blocks == (num_covered < UINT32_MAX ? num_covered : UINT32_MAX));
		}
	}
	*limit_out = end;
	s->num_pruned += num_pruned;
	if (kind == 0) {
		assert_true(depth == 1 || num_pruned < num_entries);
		assert_true(depth > 1 || num_entries > 1 || num_pruned == 1);
	}
}

static void survey_tree(survey *s, const tree_editor *editor, uint64_t root)
{
	uint64_t first, limit;

	s->editor = editor;
	s->fan_out = editor->max_entries ? editor->max_entries : tree_capacity(editor->node_bytes);
	s->depth = 0;
	s->num_nodes = s->num_pruned = 0;
	survey_node(s, root, 1, TREE_MAX_BLOCK, &first, &limit);
}

/* The nodes of a tree and their bytes, to be compared later. */
typedef struct snapshot {
	uint32_t node_bytes;
	size_t num_nodes;
	uint64_t *nodes;
	uint8_t *bytes;
} snapshot;

static snapshot take_snapshot(const survey *s)
{
	snapshot taken = { .node_bytes = s->editor->node_bytes, .num_nodes = s->num_nodes };

	taken.nodes = malloc(s->num_nodes * sizeof(*taken.nodes));
	taken.bytes = malloc(s->num_nodes * taken.node_bytes);
	assert_true(taken.nodes && taken.bytes);
	memcpy(taken.nodes, s->nodes, s->num_nodes * sizeof(*taken.nodes));
	for (size_t i = 0; i < s->num_nodes; i++)
		memcpy(taken.bytes + i * taken.node_bytes, memory_at(s->editor->memory, s->nodes[i], taken.node_bytes),
		       taken.node_bytes);
	return taken;
}

static void check_snapshot(const snapshot *taken, const host_memory *where)
{
	for (size_t i = 0; i < taken->num_nodes; i++)
		assert_memory_equal(taken->bytes + i * taken->node_bytes,
				    memory_at(where, taken->nodes[i], taken->node_bytes), taken->node_bytes);
}

static void drop_snapshot(snapshot *taken)
{
	free(taken->nodes);
	free(taken->bytes);
	*taken = (snapshot){ 0 };
}

/* What the tree answers for one probe. */
typedef struct probe {
	tree_outcome outcome;
	uint64_t extent_block; /* where the entry begins that holds it */
} probe;

/* One tree with its source, its editor, and an old root that a device may still be walking. */
typedef struct bench {
	model model;
	tree_editor editor;
	uint64_t root;
	survey survey;
	probe probes[MAX_CELLS][NUM_PROBES], before[MAX_CELLS][NUM_PROBES];
	snapshot held;
	size_t num_retired_since; /* it was taken: not to be freed */
	uint32_t max_depth;
	uint64_t num_edits, num_pruned_probes;
} bench;

static void check_accounts(const bench *b)
{
	static uint8_t is_reachable[MAX_NODES];
	const tree_editor *editor = &b->editor;
	const survey *s = &b->survey;

	assert_true(editor->num_nodes == s->num_nodes);
	assert_true(tree_num_nodes(editor->memory, editor->node_bytes, b->root) == s->num_nodes);
	assert_true(editor->memory->num_allocations == s->num_nodes + editor->num_retired);
	for (size_t i = 0; i < s->num_nodes; i++) {
		uint8_t *mark = &is_reachable[(s->nodes[i] - HOST_MEMORY_BASE) / TREE_MIN_NODE_BYTES];

		assert_false(*mark);
		*mark = true;
	}
	for (size_t i = 0; i < editor->num_retired; i++)
		assert_false(is_reachable[(editor->retired[i] - HOST_MEMORY_BASE) / TREE_MIN_NODE_BYTES]);
	for (size_t i = 0; i < s->num_nodes; i++)
		is_reachable[(s->nodes[i] - HOST_MEMORY_BASE) / TREE_MIN_NODE_BYTES] = false;
}

static tree_outcome look_up(const bench *b, uint64_t block, tree_answer *answer)
{
	return tree_lookup(b->editor.memory, b->editor.node_bytes, b->root, block, answer, NULL);
}

/* Every probe against the model. */
static void check_blocks(bench *b)
{
	const model *m = &b->model;
	uint64_t behind = m->first_block + m->num_cells * m->cell_blocks;
	tree_answer answer;

	for (uint32_t cell = 0; cell < m->num_cells; cell++) {
		for (uint32_t i = 0; i < NUM_PROBES; i++) {
			uint64_t block = cell_block(m, cell, i);
			tree_outcome outcome = look_up(b, block, &answer);

			assert_true(outcome != TREE_CORRUPT);
			assert_true(answer.first_block <= block && block < answer.limit_block);
			b->probes[cell][i] = (probe){ outcome, 0 };
			if (outcome == TREE_EXTENT) {
				uint64_t offset = block - answer.extent.logical_block;

				b->probes[cell][i].extent_block = answer.extent.logical_block;
				assert_true(m->physical[cell] != NOT_MAPPED);
				assert_true(answer.extent.physical_block + offset ==
					    m->physical[cell] + (block - cell_block(m, cell, 0)));
				assert_int_equal(answer.extent.flags, m->flags[cell]);
			} else if (outcome == TREE_HOLE) {
				assert_true(m->physical[cell] == NOT_MAPPED);
			} else {
				assert_true(b->survey.num_pruned > 0);
				b->num_pruned_probes++;
			}
		}
	}
	assert_true(m->first_block == 0 || look_up(b, m->first_block - 1, &answer) != TREE_EXTENT);
	assert_true(look_up(b, behind, &answer) != TREE_EXTENT);
}

/* Takes the result of an edit and checks everything that holds after any edit. */
static void take_root(bench *b, uint64_t root)
{
	assert_true(root != 0);
	b->root = root;
	memcpy(b->before, b->probes, sizeof(b->before));
	survey_tree(&b->survey, &b->editor, root);
	check_accounts(b);
	check_blocks(b);
	if (b->held.nodes)
		check_snapshot(&b->held, b->editor.memory);
	if (b->survey.depth > b->max_depth)
		b->max_depth = b->survey.depth;
	b->num_edits++;
}

/* Cells that went from one outcome to the other, as number of different extents; only cells that are mapped count. */
static uint32_t count_extents(const bench *b, tree_outcome from, tree_outcome to, uint32_t first, uint32_t limit)
{
	uint64_t last = NOT_MAPPED;
	uint32_t num = 0;

	for (uint32_t cell = 0; cell < b->model.num_cells; cell++) {
		for (uint32_t i = 0; i < NUM_PROBES; i++) {
			const probe *was = &b->before[cell][i], *is = &b->probes[cell][i];
			uint64_t at = is->outcome == TREE_EXTENT ? is->extent_block : was->extent_block;

			if (b->model.physical[cell] == NOT_MAPPED || was->outcome != from || is->outcome != to ||
			    (cell >= first && cell < limit))
				continue;
			num += at != last;
			last = at;
		}
	}
	return num;
}

static void open_bench(bench *b, host_memory *where, rng_stream *rng, uint32_t max_cells)
{
	static const uint64_t cell_blocks[] = { 1, 1, 3, UINT64_C(1) << 31, UINT64_C(3) << 31, UINT64_C(1) << 34 };
	static const uint32_t fan_outs[] = { 2, 3, 4, 0 };
	static extent extents[MAX_CELLS];
	model *m = &b->model;
	size_t num_extents = 0;
	uint32_t num_eighths = (uint32_t)rng_uniform_u64(rng, 9); /* mapped at first */

	memset(b, 0, sizeof(*b));
	m->num_cells = 1 + (uint32_t)rng_uniform_u64(rng, max_cells);
	m->cell_blocks = cell_blocks[rng_uniform_u64(rng, 6)];
	m->is_split = rng_chance(rng, 1, 2);
	if (rng_chance(rng, 1, 2))
		m->first_block = rng_chance(rng, 1, 2) ? 1000 : TREE_MAX_BLOCK - m->num_cells * m->cell_blocks;
	for (uint32_t i = 0; i < m->num_cells; i++) {
		m->physical[i] = NOT_MAPPED;
		if (!rng_chance(rng, num_eighths, 8))
			continue;
		m->physical[i] = rng_uniform_u64(rng, 1 << 18) * m->cell_blocks;
		extents[num_extents++] = (extent){ cell_block(m, i, 0), m->physical[i], m->cell_blocks, 0 };
	}
	b->editor = (tree_editor){ .memory = where,
				   .node_bytes = UINT32_C(128) << rng_uniform_u64(rng, 4),
				   .max_entries = fan_outs[rng_uniform_u64(rng, 4)],
				   .source = { model_next, &b->model } };
	b->root = tree_build(where, b->editor.node_bytes, b->editor.max_entries, extents, num_extents);
	b->editor.num_nodes = tree_num_nodes(where, b->editor.node_bytes, b->root);
	take_root(b, b->root);
}

/* Changes cells [first, limit) of the model: maps holes, remaps, unmaps, or makes them read-only or writable. */
static void change_model(model *m, rng_stream *rng, uint32_t first, uint32_t limit)
{
	uint64_t action = rng_uniform_u64(rng, 5);
	uint64_t physical = rng_uniform_u64(rng, 1 << 18) * m->cell_blocks;
	bool is_scattered = rng_chance(rng, 1, 3);
	uint32_t flags = (uint32_t)rng_uniform_u64(rng, 2);

	for (uint32_t i = first; i < limit; i++) {
		bool is_mapped = m->physical[i] != NOT_MAPPED;

		if (action == 0) {
			m->physical[i] = NOT_MAPPED;
		} else if (action == 1) {
			m->flags[i] = flags;
		} else if (action == 2 || !is_mapped) {
			m->physical[i] = physical;
			m->flags[i] = flags;
		}
		physical = is_scattered ? rng_uniform_u64(rng, 1 << 18) * m->cell_blocks : physical + m->cell_blocks;
	}
}

/* A range of cells, mostly short, at times nearly everything. */
static void draw_range(const model *m, rng_stream *rng, uint32_t *first, uint32_t *limit)
{
	uint32_t max_num = rng_chance(rng, 1, 12) ? m->num_cells : 8;

	*first = (uint32_t)rng_uniform_u64(rng, m->num_cells);
	*limit = *first + 1 + (uint32_t)rng_uniform_u64(rng, max_num);
	if (*limit > m->num_cells)
		*limit = m->num_cells;
}

static uint64_t replace(bench *b, uint32_t first, uint32_t limit)
{
	return tree_edit_replace(&b->editor, b->root, cell_block(&b->model, first, 0),
				 (limit - first) * b->model.cell_blocks);
}

static void step_replace(bench *b, rng_stream *rng)
{
	uint32_t first, limit;

	draw_range(&b->model, rng, &first, &limit);
	change_model(&b->model, rng, first, limit);
	if (rng_chance(rng, 1, 40)) { /* it may be told of more than has changed */
		take_root(b, tree_edit_replace(&b->editor, b->root, cell_block(&b->model, first, 0), UINT64_MAX));
		limit = b->model.num_cells;
	} else {
		take_root(b, replace(b, first, limit));
	}
	assert_int_equal(count_extents(b, TREE_EXTENT, TREE_PRUNED, first, limit), 0);
}

static void step_prune(bench *b, uint32_t cell, uint32_t i)
{
	tree_outcome was = b->probes[cell][i].outcome;
	uint32_t depth = b->survey.depth;
	uint64_t root = tree_edit_prune(&b->editor, b->root, cell_block(&b->model, cell, i));
	uint32_t num_cut;

	if (depth <= 1 || was == TREE_PRUNED)
		assert_true(root == b->root);
	if (depth > 1 && was == TREE_EXTENT)
		assert_true(root != b->root);
	take_root(b, root);
	num_cut = count_extents(b, TREE_EXTENT, TREE_PRUNED, 0, 0);
	assert_true(num_cut <= b->survey.fan_out);
	if (depth > 1 && was == TREE_EXTENT)
		assert_int_equal(b->probes[cell][i].outcome, TREE_PRUNED);
}

static void step_regenerate(bench *b, uint32_t cell, uint32_t i)
{
	tree_outcome was = b->probes[cell][i].outcome;
	uint64_t root = tree_edit_regenerate(&b->editor, b->root, cell_block(&b->model, cell, i));
	uint32_t num_back;

	assert_true((root != b->root) == (was == TREE_PRUNED));
	take_root(b, root);
	assert_true(b->probes[cell][i].outcome != TREE_PRUNED);
	num_back = count_extents(b, TREE_PRUNED, TREE_EXTENT, 0, 0);
	assert_true(num_back <= b->survey.fan_out);
	assert_int_equal(count_extents(b, TREE_EXTENT, TREE_PRUNED, 0, 0), 0);
}

/* As the hypervisor does: what was retired before a walk began goes while the walk is under way, the rest later. */
static void step_free(bench *b, rng_stream *rng)
{
	size_t num_free = b->editor.num_retired;

	if (b->held.nodes) {
		if (rng_chance(rng, 1, 4)) {
			check_snapshot(&b->held, b->editor.memory);
			drop_snapshot(&b->held);
		} else {
			num_free -= b->num_retired_since;
		}
	} else {
		b->held = take_snapshot(&b->survey);
		b->num_retired_since = 0;
	}
	tree_editor_free_retired(&b->editor, rng_uniform_u64(rng, num_free + 1));
}

static void close_bench(bench *b)
{
	uint32_t num_pruned = 0;

	drop_snapshot(&b->held);
	for (uint32_t cell = 0; cell < b->model.num_cells; cell++) {
		for (uint32_t i = 0; i < NUM_PROBES; i++) {
			tree_editor_free_retired(&b->editor, b->editor.num_retired / 2);
			if (b->probes[cell][i].outcome == TREE_PRUNED)
				step_regenerate(b, cell, i);
		}
	}
	for (uint32_t cell = 0; cell < b->model.num_cells; cell++) {
		for (uint32_t i = 0; i < NUM_PROBES; i++)
			num_pruned += b->probes[cell][i].outcome == TREE_PRUNED;
	}
	assert_int_equal(num_pruned, 0);
	tree_editor_fini(&b->editor);
	assert_true(b->editor.memory->used_bytes == b->editor.num_nodes * b->editor.node_bytes);
	tree_free(b->editor.memory, b->editor.node_bytes, b->root);
	assert_true(b->editor.memory->used_bytes == 0 && b->editor.memory->num_allocations == 0);
}

static void random_edits_equal_the_model(void **state)
{
	static bench b;
	rng_stream rng = rng_open(1, "tree edits", 0);
	uint64_t num_edits = 0, num_pruned_probes = 0;
	uint32_t max_depth = 0;

	(void)state;
	for (int round = 0; round < 100; round++) {
		uint64_t num_prunes = rng_uniform_u64(&rng, 4); /* of 8 steps */

		open_bench(&b, &memory, &rng, round % 3 ? 60 : MAX_CELLS);
		for (int step = 0; step < 80; step++) {
			uint32_t cell = (uint32_t)rng_uniform_u64(&rng, b.model.num_cells);
			uint32_t i = (uint32_t)rng_uniform_u64(&rng, NUM_PROBES);
			uint64_t action = rng_uniform_u64(&rng, 8);
			size_t num_retired = b.editor.num_retired;

			if (action < num_prunes)
				step_prune(&b, cell, i);
			else if (action == 4)
				step_regenerate(&b, cell, i);
			else if (action == 5)
				step_free(&b, &rng);
			else
				step_replace(&b, &rng);
			if (action != 5)
				b.num_retired_since += b.editor.num_retired - num_retired;
		}
		close_bench(&b);
		num_edits += b.num_edits;
		num_pruned_probes += b.num_pruned_probes;
		max_depth = b.max_depth > max_depth ? b.max_depth : max_depth;
	}
	assert_true(num_edits > 6000 && num_pruned_probes > 100000 && max_depth >= 6);
}

/* How many more calls of realloc() succeed; < 0: all do. */
static int num_reallocs_left = -1;

void *__real_realloc(void *pointer, size_t bytes);
void *__wrap_realloc(void *pointer, size_t bytes);

void *__wrap_realloc(void *pointer, size_t bytes)
{
	if (num_reallocs_left == 0)
		return NULL;
	if (num_reallocs_left > 0)
		num_reallocs_left--;
	return __real_realloc(pointer, bytes);
}

typedef struct attempt {
	int action; /* 0-1 prune, 2-3 regenerate, else replace */
	uint32_t first, limit;
} attempt;

static uint64_t try_edit(bench *b, const attempt *a)
{
	if (a->action >= 4)
		return replace(b, a->first, a->limit);
	return (a->action < 2 ? tree_edit_prune : tree_edit_regenerate)(&b->editor, b->root,
									cell_block(&b->model, a->first, 0));
}

/* Tries it with no memory to be had but for `left` nodes and `num_reallocs` (< 0: any) of our own. A try that fails
 * must leave everything as it was. Returns the root or 0. */
static uint64_t try_short_of_memory(bench *b, const attempt *a, size_t num_nodes_left, int num_reallocs)
{
	static uint64_t filler[MAX_NODES];
	const uint32_t node_bytes = b->editor.node_bytes;
	tree_editor before = b->editor;
	snapshot tree = take_snapshot(&b->survey);
	uint64_t *retired = malloc((before.num_retired + 1) * sizeof(*retired));
	size_t num_fillers = 0;
	uint64_t root;

	assert_non_null(retired);
	if (before.num_retired > 0)
		memcpy(retired, before.retired, before.num_retired * sizeof(*retired));
	while (num_reallocs < 0 && (root = memory_alloc(b->editor.memory, node_bytes, node_bytes)) != 0)
		filler[num_fillers++] = root;
	while (num_nodes_left-- > 0 && num_fillers > 0)
		memory_free(b->editor.memory, filler[--num_fillers], node_bytes);
	num_reallocs_left = num_reallocs;
	root = try_edit(b, a);
	num_reallocs_left = -1;
	while (num_fillers > 0)
		memory_free(b->editor.memory, filler[--num_fillers], node_bytes);
	check_snapshot(&tree, b->editor.memory);
	if (root == 0) {
		assert_true(b->editor.num_nodes == before.num_nodes && b->editor.num_retired == before.num_retired);
		assert_true(b->editor.memory->num_allocations == tree.num_nodes + before.num_retired);
	}
	for (size_t i = 0; i < before.num_retired; i++)
		assert_true(b->editor.retired[i] == retired[i]);
	free(retired);
	drop_snapshot(&tree);
	return root;
}

/* However little memory there is: the edit succeeds wholly or nothing has changed. */
static void an_edit_without_memory_changes_nothing(void **state)
{
	static bench b;
	rng_stream rng = rng_open(1, "no memory", 0);
	uint64_t num_failures[2] = { 0 };

	(void)state;
	for (int round = 0; round < 40; round++) {
		host_memory small;

		assert_int_equal(memory_init(&small, HOST_MEMORY_BASE, 2 << 20), NESCSIM_OK);
		open_bench(&b, &small, &rng, round % 4 ? 30 : 120);
		for (int step = 0; step < 12; step++) {
			bool is_our_own = rng_chance(&rng, 1, 2);
			attempt a = { .action = (int)rng_uniform_u64(&rng, 6) };
			uint64_t root = 0;

			draw_range(&b.model, &rng, &a.first, &a.limit);
			if (a.action >= 4)
				change_model(&b.model, &rng, a.first, a.limit);
			for (int left = 0; root == 0; left++) {
				root = try_short_of_memory(&b, &a, is_our_own ? 0 : (size_t)left,
							   is_our_own ? left : -1);
				num_failures[is_our_own] += root == 0;
			}
			take_root(&b, root);
			tree_editor_free_retired(&b.editor, rng_uniform_u64(&rng, b.editor.num_retired + 1));
			if (rng_chance(&rng, 1, 3)) { /* the array has to grow anew */
				tree_editor_fini(&b.editor);
			}
		}
		close_bench(&b);
		memory_fini(&small);
	}
	assert_true(num_failures[0] > 400 && num_failures[1] > 200);
}

/* A source of extents in a sorted array. */
typedef struct extent_list {
	const extent *extents;
	size_t num_extents;
} extent_list;

static bool list_next(const void *context, uint64_t block, extent *found_out)
{
	const extent_list *list = context;

	for (size_t i = 0; i < list->num_extents; i++) {
		if (list->extents[i].logical_block + list->extents[i].num_blocks > block) {
			*found_out = list->extents[i];
			return true;
		}
	}
	return false;
}

static void check_entry(uint64_t address, uint32_t index, uint64_t first, uint32_t num_blocks, bool is_pruned)
{
	const uint8_t *entry = memory_at(&memory, address, 128) + TREE_HEADER_BYTES + index * TREE_ENTRY_BYTES;

	assert_true(le64_load(entry) == first);
	assert_int_equal(le32_load(entry + 16), num_blocks);
	assert_int_equal(le64_load(entry + 8) == 0, is_pruned);
}

static uint32_t num_entries_of(uint64_t address)
{
	return le16_load(memory_at(&memory, address, 128) + 6);
}

static uint64_t child_of(uint64_t address, uint32_t index)
{
	return le64_load(memory_at(&memory, address, 128) + TREE_HEADER_BYTES + index * TREE_ENTRY_BYTES + 8);
}

/* 64 extents of 5 blocks, 10 apart: three full levels of four. */
static void a_pruned_leaf_comes_back_around_the_block(void **state)
{
	static extent extents[64];
	const extent_list list = { extents, 64 };
	tree_editor editor = { .memory = &memory, .node_bytes = 128, .source = { list_next, &list } };
	uint64_t root, leaf, old_root;

	(void)state;
	for (uint32_t i = 0; i < 64; i++)
		extents[i] = (extent){ 10 * i, 1000 + 20 * i, 5, 0 };
	root = tree_build(&memory, 128, 0, extents, 64);
	editor.num_nodes = tree_num_nodes(&memory, 128, root);
	assert_true(editor.num_nodes == 21);
	assert_true(tree_edit_regenerate(&editor, root, 12) == root); /* it is there */
	assert_true(tree_edit_prune(&editor, root, 635) == root);     /* the root sees that this is a hole */
	assert_true(tree_edit_prune(&editor, root, UINT64_MAX) == root);
	assert_true(tree_edit_replace(&editor, root, 12, 0) == root);
	assert_true(tree_edit_replace(&editor, root, TREE_MAX_BLOCK, 5) == root);
	assert_true(editor.num_retired == 0 && editor.num_nodes == 21);

	/* Leaves 1 and 2 of the first node, then the others: neighbours become one, at last one level up. */
	old_root = root;
	root = tree_edit_prune(&editor, root, 57); /* a hole in leaf 1 */
	root = tree_edit_prune(&editor, root, 80);
	assert_true(tree_edit_prune(&editor, root, 57) == root);
	assert_int_equal(num_entries_of(child_of(root, 0)), 3);
	check_entry(child_of(root, 0), 1, 40, 75, true);
	root = tree_edit_prune(&editor, root, 0);
	root = tree_edit_prune(&editor, root, 120);
	check_entry(root, 0, 0, 155, true);
	check_entry(root, 1, 160, 155, false);
	assert_int_equal(tree_depth(&memory, 128, root), 3);
	assert_int_equal(tree_depth(&memory, 128, old_root), 3);
	assert_true(tree_num_nodes(&memory, 128, old_root) == 21);
	for (uint32_t i = 4; i < 16; i++)
		root = tree_edit_prune(&editor, root, 40 * i);
	assert_true(editor.num_nodes == 1 && num_entries_of(root) == 1);
	check_entry(root, 0, 0, 635, true);

	/* Two extents that begin before the block, and two behind it. */
	root = tree_edit_regenerate(&editor, root, 301);
	assert_true(editor.num_nodes == 2 && num_entries_of(root) == 3);
	check_entry(root, 0, 0, 285, true);
	check_entry(root, 1, 290, 35, false);
	check_entry(root, 2, 330, 305, true);
	leaf = child_of(root, 1);
	assert_int_equal(num_entries_of(leaf), 4);
	check_entry(leaf, 0, 290, 5, false);
	check_entry(leaf, 3, 320, 5, false);
	root = tree_edit_regenerate(&editor, root, 629); /* nothing is left behind it */
	check_entry(root, 2, 330, 275, true);
	check_entry(root, 3, 610, 25, false);
	assert_int_equal(tree_depth(&memory, 128, root), 2);

	tree_editor_fini(&editor);
	tree_free(&memory, 128, root);
	assert_true(memory.used_bytes == 0);
}

static void a_node_of_nothing_but_pruned_entries_is_cut(void **state)
{
	static extent extents[28];
	const extent_list list = { extents, 28 };
	tree_editor editor = { .memory = &memory, .node_bytes = 128, .source = { list_next, &list }, .num_nodes = 10 };
	uint64_t root, right;

	(void)state;
	for (uint32_t i = 0; i < 28; i++)
		extents[i] = (extent){ 10 * i, 20 * i, 5, 0 };
	root = tree_build(&memory, 128, 0, extents, 28); /* a root over nodes of four leaves and of three */
	right = child_of(root, 1);
	for (uint32_t i = 0; i < 4; i++)
		root = tree_edit_prune(&editor, root, 40 * i);
	assert_int_equal(num_entries_of(root), 2);
	check_entry(root, 0, 0, 155, true);
	assert_true(child_of(root, 1) == right && editor.num_nodes == 5);
	tree_editor_fini(&editor);
	tree_free(&memory, 128, root);
	assert_true(memory.used_bytes == 0);
}

static void a_pruned_part_stays_pruned_when_the_source_changes(void **state)
{
	static extent extents[16];
	extent_list list = { extents, 16 };
	tree_editor editor = { .memory = &memory, .node_bytes = 128, .source = { list_next, &list } };
	uint64_t root;
	tree_answer answer;

	(void)state;
	for (uint32_t i = 0; i < 16; i++)
		extents[i] = (extent){ 10 * i, 1000 + 20 * i, 5, 0 };
	root = tree_build(&memory, 128, 0, extents, 16);
	editor.num_nodes = 5;
	root = tree_edit_prune(&editor, root, 40);
	check_entry(root, 1, 40, 35, true);

	extents[7].num_blocks = 8; /* it grows into the gap */
	root = tree_edit_replace(&editor, root, 75, 3);
	check_entry(root, 1, 40, 38, true);
	assert_true(editor.num_nodes == 4); /* leaves on either side are as they were */
	extents[4] = extents[5];            /* its first extent goes */
	extents[5] = extents[6];
	extents[6] = extents[7];
	extents[7] = (extent){ 79, 5, 1, 0 };
	root = tree_edit_replace(&editor, root, 40, 40);
	check_entry(root, 1, 50, 30, true);
	assert_int_equal(tree_lookup(&memory, 128, root, 40, &answer, NULL), TREE_HOLE);
	assert_int_equal(tree_lookup(&memory, 128, root, 79, &answer, NULL), TREE_PRUNED);

	memmove(extents + 4, extents + 8, 8 * sizeof(extents[0])); /* all of it goes */
	list.num_extents = 12;
	root = tree_edit_replace(&editor, root, 50, 30);
	assert_true(num_entries_of(root) == 3 && editor.num_nodes == 4);
	check_entry(root, 1, 80, 35, false);

	list.num_extents = 0;
	root = tree_edit_replace(&editor, root, 0, UINT64_MAX);
	assert_true(num_entries_of(root) == 0 && editor.num_nodes == 1);
	assert_int_equal(tree_depth(&memory, 128, root), 1);
	list.num_extents = 12;
	root = tree_edit_replace(&editor, root, 0, UINT64_MAX); /* and from nothing */
	assert_true(editor.num_nodes == 4);
	assert_int_equal(tree_depth(&memory, 128, root), 2);

	tree_editor_fini(&editor);
	tree_free(&memory, 128, root);
	assert_true(memory.used_bytes == 0);
}

/* A pruned entry of "2^32 - 1 blocks or more" reaches over the gap behind it, but not when half of it is back. */
static void a_hole_in_a_long_pruned_part_is_found_again(void **state)
{
	const uint64_t far = UINT64_C(1) << 40;
	const extent extents[] = { { 0, 0, 9, 0 }, { far >> 8, 9, 9, 0 }, { far >> 7, 99, 9, 0 }, { far, 999, 9, 0 } };
	const extent_list list = { extents, 4 };
	tree_editor editor = {
		.memory = &memory, .node_bytes = 128, .max_entries = 3, .source = { list_next, &list }, .num_nodes = 3
	};
	uint64_t root = tree_build(&memory, 128, 3, extents, 4);
	tree_answer answer;

	(void)state;
	root = tree_edit_prune(&editor, root, 0);
	assert_int_equal(tree_lookup(&memory, 128, root, far / 2, &answer, NULL), TREE_PRUNED);
	root = tree_edit_regenerate(&editor, root, far / 2);
	check_entry(root, 0, 0, UINT32_MAX, true);
	check_entry(root, 1, far >> 7, 9, false);
	assert_int_equal(tree_lookup(&memory, 128, root, far / 2, &answer, NULL), TREE_HOLE);
	tree_editor_fini(&editor);
	tree_free(&memory, 128, root);
	assert_true(memory.used_bytes == 0);
}

/* Prunes every leaf that holds a block of cells [first, limit). */
static void prune_cells(bench *b, uint32_t first, uint32_t limit)
{
	uint64_t block = cell_block(&b->model, first, 0);
	tree_answer answer;

	while (block < cell_block(&b->model, limit, 0)) {
		look_up(b, block, &answer);
		b->root = tree_edit_prune(&b->editor, b->root, block);
		tree_editor_free_retired(&b->editor, b->editor.num_retired);
		block = answer.limit_block;
	}
	take_root(b, b->root);
}

static void pruned_parts_are_told_from_holes(void **state)
{
	static bench b;
	rng_stream rng = rng_open(1, "prune", 0);
	uint64_t num_pruned_probes = 0;

	(void)state;
	for (int round = 0; round < 40; round++) {
		uint32_t first, limit, depth;

		open_bench(&b, &memory, &rng, MAX_CELLS);
		depth = b.survey.depth;
		draw_range(&b.model, &rng, &first, &limit);
		prune_cells(&b, first, limit);
		/* The leaves that hold the ends of the range may reach out of it. */
		assert_true(count_extents(&b, TREE_EXTENT, TREE_PRUNED, first, limit) <= 2 * b.survey.fan_out);
		for (uint32_t cell = first; cell < limit && depth > 1; cell++)
			assert_true(b.probes[cell][1].outcome != TREE_EXTENT);
		num_pruned_probes += b.num_pruned_probes;
		prune_cells(&b, 0, b.model.num_cells);
		assert_true(b.editor.num_nodes == 1); /* only the root is left */
		close_bench(&b);
	}
	assert_true(num_pruned_probes > 300);
}

#define NUM_SLOTS (1u << 18) /* of 4 blocks: 1 Mi blocks */

/* A bit for each slot that is mapped. */
typedef struct slot_map {
	uint64_t bits[NUM_SLOTS / 64];
} slot_map;

static bool slots_next(const void *context, uint64_t block, extent *found_out)
{
	const slot_map *map = context;
	uint64_t slot = block / 4, word = slot / 64, bits;

	if (slot >= NUM_SLOTS)
		return false;
	bits = map->bits[word] & UINT64_MAX << slot % 64;
	while (bits == 0) {
		if (++word == NUM_SLOTS / 64)
			return false;
		bits = map->bits[word];
	}
	slot = word * 64 + (uint32_t)__builtin_ctzll(bits);
	*found_out = (extent){ 4 * slot, 8 * slot, 4, 0 };
	return true;
}

/* Maps or unmaps slots order[first] ... order[limit - 1], each by an edit of its own. */
static uint64_t flip_slots(tree_editor *editor, uint64_t root, slot_map *map, const uint32_t *order, uint32_t first,
			   uint32_t limit)
{
	for (uint32_t i = first; i < limit; i++) {
		map->bits[order[i] / 64] ^= UINT64_C(1) << order[i] % 64;
		root = tree_edit_replace(editor, root, 4 * (uint64_t)order[i], 4);
		assert_true(root != 0);
		if (i % 16 == 0)
			tree_editor_free_retired(editor, editor->num_retired);
	}
	return root;
}

/* Every slot is found, and nodes are at least so full. */
static void check_slots(const tree_editor *editor, uint64_t root, const slot_map *map, uint32_t max_depth,
			uint32_t min_percent)
{
	uint32_t fan_out = editor->max_entries ? editor->max_entries : tree_capacity(editor->node_bytes);
	uint64_t num_entries = editor->num_nodes - 1;
	tree_answer answer;

	for (uint32_t slot = 0; slot < NUM_SLOTS; slot++) {
		bool is_mapped = map->bits[slot / 64] >> slot % 64 & 1;

		assert_int_equal(
			tree_lookup(editor->memory, editor->node_bytes, root, 4 * (uint64_t)slot + 3, &answer, NULL),
			is_mapped ? TREE_EXTENT : TREE_HOLE);
		num_entries += is_mapped;
	}
	assert_true(editor->num_nodes == tree_num_nodes(editor->memory, editor->node_bytes, root));
	assert_true(tree_depth(editor->memory, editor->node_bytes, root) <= max_depth);
	assert_true(100 * num_entries >= min_percent * fan_out * editor->num_nodes);
}

/* A disk that fills up at random and then loses 19 of 20 extents: the nodes stay well filled, the tree stays flat, and
 * an edit costs no more in a large tree. */
static void a_tree_stays_flat_as_it_fills_and_empties(void **state)
{
	static const struct {
		uint32_t node_bytes, max_entries, num_extents, max_depth, max_depth_emptied;
	} cases[] = {
		{ 512, 0, 100000, 4, 4 }, /* built at once: 4 levels of it all, 3 of what is left */
		{ 4096, 0, 8000, 2, 2 },  /* 2, 2 */
		{ 512, 2, 5000, 15, 13 }, /* 13, 8 */
	};
	static slot_map map;
	static uint32_t order[NUM_SLOTS];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rng_stream rng = rng_open(1, "insertions", 0);
		const uint32_t node_bytes = cases[i].node_bytes, num_extents = cases[i].num_extents;
		tree_editor editor = { .memory = &memory,
				       .node_bytes = node_bytes,
				       .max_entries = cases[i].max_entries,
				       .source = { slots_next, &map },
				       .num_nodes = 1 };
		uint64_t root = tree_build(&memory, node_bytes, cases[i].max_entries, NULL, 0);

		memset(&map, 0, sizeof(map));
		for (uint32_t slot = 0; slot < NUM_SLOTS; slot++) {
			uint64_t at = rng_uniform_u64(&rng, slot + 1);

			order[slot] = order[at];
			order[at] = slot;
		}
		root = flip_slots(&editor, root, &map, order, 0, num_extents);
		check_slots(&editor, root, &map, cases[i].max_depth, 75);
		root = flip_slots(&editor, root, &map, order, num_extents / 20, num_extents);
		check_slots(&editor, root, &map, cases[i].max_depth_emptied, 45);
		tree_editor_fini(&editor);
		tree_free(&memory, node_bytes, root);
		assert_true(memory.used_bytes == 0);
	}
}

static int set_up(void **state)
{
	(void)state;
	return memory_init(&memory, HOST_MEMORY_BASE, ARENA_BYTES) != NESCSIM_OK;
}

static int tear_down(void **state)
{
	(void)state;
	memory_fini(&memory);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_pruned_leaf_comes_back_around_the_block, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_node_of_nothing_but_pruned_entries_is_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_pruned_part_stays_pruned_when_the_source_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_hole_in_a_long_pruned_part_is_found_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(random_edits_equal_the_model, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pruned_parts_are_told_from_holes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_edit_without_memory_changes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_tree_stays_flat_as_it_fills_and_empties, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
