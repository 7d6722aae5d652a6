"use strict";
(function () {
	/* What a cell is sorted by: its value, if it has one of its own, else what it says. */
	function valueOf(cell) {
		return cell.dataset.value === undefined ? cell.textContent.trim() : cell.dataset.value;
	}

	/* Numbers by their size, then texts; what is empty comes last either way. */
	function compare(one, other, sign) {
		if (one === other) return 0;
		if (one === "") return 1;
		if (other === "") return -1;
		const first = Number(one), second = Number(other);
		if (Number.isNaN(first) || Number.isNaN(second)) {
			if (!Number.isNaN(first)) return -sign;
			if (!Number.isNaN(second)) return sign;
			return sign * (one < other ? -1 : 1);
		}
		return sign * (first - second);
	}

	function sort(table, head, column) {
		const body = table.tBodies[0];
		const ascending = head.getAttribute("aria-sort") !== "ascending";
		const rows = Array.from(body.rows, function (row) {
			return { row: row, value: valueOf(row.cells[column]) };
		});
		rows.sort(function (one, other) {
			return compare(one.value, other.value, ascending ? 1 : -1);
		});
		Array.from(table.tHead.rows[0].cells).forEach(function (cell) {
			cell.removeAttribute("aria-sort");
		});
		head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
		body.append.apply(body, rows.map(function (entry) { return entry.row; }));
	}

	function makeSortable(table) {
		Array.from(table.tHead.rows[0].cells).forEach(function (head, column) {
			/* Not a <button>, which a printed page does not repeat with its row of heads. */
			const button = document.createElement("span");
			button.setAttribute("role", "button");
			button.tabIndex = 0;
			button.append.apply(button, Array.from(head.childNodes));
			button.addEventListener("click", function () { sort(table, head, column); });
			button.addEventListener("keydown", function (event) {
				if (event.key === "Enter" || event.key === " ") {
					event.preventDefault();
					sort(table, head, column);
				}
			});
			head.append(button);
		});
	}

	/* Shows the rows that have all of the words. */
	function makeFilterable(table) {
		const label = document.createElement("label"), input = document.createElement("input");
		label.className = "filter";
		label.textContent = "Only rows with";
		input.type = "search";
		input.addEventListener("input", function () {
			const words = input.value.toLowerCase().split(/\s+/);
			Array.from(table.tBodies[0].rows).forEach(function (row) {
				const cells = Array.from(row.cells, function (cell) {
					return cell.textContent.toLowerCase();
				});
				row.hidden = !words.every(function (word) {
					return cells.some(function (text) { return text.includes(word); });
				});
			});
		});
		label.append(input);
		table.parentElement.before(label);
	}

	document.querySelectorAll("table.sortable").forEach(makeSortable);
	document.querySelectorAll("table.filterable").forEach(makeFilterable);
}());
