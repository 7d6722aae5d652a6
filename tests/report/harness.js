/* Looks at a page of `nescsim report` in frames as wide as a desk's screen and a phone's, uses it, and writes what is wrong into
 * this document, a line each, then "checked N" with the number of checks
 * ("by night": with dark colours). */
"use strict";

const lines = [];
let numChecks = 0;

function check(isRight, what) {
	numChecks++;
	if (!isRight) lines.push(what);
}

function checkWidth(page, width) {
	const root = page.documentElement;
	check(root.clientWidth === width, `${width}: the frame is ${root.clientWidth} wide`);
	check(root.scrollWidth <= width, `${width}: the page is ${root.scrollWidth} wide`);
	page.querySelectorAll("main *, header, nav").forEach(function (element) {
		if (element.closest(".box, .picture, pre, details") && !element.matches(".box, .picture, pre")) return;
		check(element.getBoundingClientRect().right <= width + 1,
			`${width}: <${element.tagName.toLowerCase()} class="${element.className}"> sticks out`);
	});
}

function checkFigures(page, width) {
	page.querySelectorAll("figure").forEach(function (figure, index) {
		const image = figure.querySelector("img"), picture = figure.querySelector(".picture");
		const box = image.getBoundingClientRect(), frame = picture.getBoundingClientRect();
		const style = page.defaultView.getComputedStyle(picture);
		check(image.complete && image.naturalWidth > 100, `${width}: figure ${index} is no picture`);
		check(box.width > 200 && box.height > 100, `${width}: figure ${index} is ${box.width} x ${box.height}`);
		check(Math.abs(box.width / box.height - image.naturalWidth / image.naturalHeight) < 0.02,
			`${width}: figure ${index} is distorted`);
		/* It may be scrolled in its frame on a phone. */
		check(box.left >= frame.left && box.top >= frame.top && box.bottom <= frame.bottom + 1 &&
			(width < 640 || box.right <= frame.right + 1), `${width}: figure ${index} is not within its frame`);
		check(style.backgroundColor === "rgb(255, 255, 255)", `${width}: figure ${index} is not on white`);
		check(figure.querySelector("figcaption").getBoundingClientRect().height > 10, `${width}: figure ${index} has no caption`);
	});
}

function columnOf(table, column) {
	return Array.from(table.tBodies[0].rows, function (row) {
		const cell = row.cells[column];
		return cell.dataset.value === undefined ? cell.textContent.trim() : cell.dataset.value;
	});
}

function same(one, other) {
	return one.join("\n") === other.join("\n");
}

/* Columns in which the order of texts is another than that of numbers. */
let numTelling = 0;

function checkSorting(page) {
	page.querySelectorAll("table.sortable").forEach(function (table, index) {
		Array.from(table.tHead.rows[0].cells).forEach(function (head, column) {
			const before = columnOf(table, column), full = before.filter(function (value) { return value !== ""; });
			const areNumbers = full.every(function (value) { return !Number.isNaN(Number(value)); });
			const ascending = full.slice().sort(areNumbers ? function (one, other) { return one - other; } : undefined);
			const empty = before.filter(function (value) { return value === ""; });
			const button = head.querySelector("[role=button]");
			const what = `table ${index}, column ${head.textContent}`;

			if (areNumbers && !same(ascending, full.slice().sort())) numTelling++;
			button.click();
			check(head.getAttribute("aria-sort") === "ascending", `${what}: no aria-sort`);
			check(same(columnOf(table, column), ascending.concat(empty)), `${what}: is not in ascending order`);
			check(table.querySelectorAll("[aria-sort]").length === 1, `${what}: two columns are said to be sorted`);
			button.dispatchEvent(new page.defaultView.KeyboardEvent("keydown", { key: "Enter" }));
			check(head.getAttribute("aria-sort") === "descending", `${what}: no aria-sort, descending`);
			check(same(columnOf(table, column), ascending.slice().reverse().concat(empty)), `${what}: is not in descending order`);
		});
	});
}

function checkFilter(page) {
	page.querySelectorAll("table.filterable").forEach(function (table) {
		const input = table.parentElement.previousElementSibling.querySelector("input");
		const rows = Array.from(table.tBodies[0].rows), word = rows[0].querySelector("th").textContent;
		const wanted = rows.filter(function (row) { return row.querySelector("th").textContent === word; }).length;

		input.value = word.toUpperCase();
		input.dispatchEvent(new page.defaultView.Event("input"));
		check(rows.filter(function (row) { return row.getClientRects().length > 0; }).length === wanted,
			"the filter shows other rows than those with its word");
		check(wanted > 0 && wanted < rows.length, "the filter cannot be seen at work");
		input.value = "no such word";
		input.dispatchEvent(new page.defaultView.Event("input"));
		check(rows.every(function (row) { return row.getClientRects().length === 0; }), "the filter shows rows without its word");
		input.value = "";
		input.dispatchEvent(new page.defaultView.Event("input"));
		check(rows.every(function (row) { return row.getClientRects().length > 0; }), "an empty filter hides rows");
	});
}

/* Contrast by WCAG; 4.5 is what body text needs. */
function luminance(colour) {
	const parts = colour.match(/[\d.]+/g).slice(0, 3).map(function (part) {
		const share = part / 255;
		return share <= 0.04045 ? share / 12.92 : Math.pow((share + 0.055) / 1.055, 2.4);
	});
	return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
}

function checkContrast(page) {
	page.querySelectorAll("p, th, td, a, caption, figcaption, code, dd, footer, summary").forEach(function (element) {
		const colour = luminance(page.defaultView.getComputedStyle(element).color);
		let behind = element, background = "rgba(0, 0, 0, 0)";
		while (behind && /, 0\)$/.test(background)) {
			background = page.defaultView.getComputedStyle(behind).backgroundColor;
			behind = behind.parentElement;
		}
		const ground = luminance(background);
		const ratio = (Math.max(colour, ground) + 0.05) / (Math.min(colour, ground) + 0.05);
		check(ratio >= 4.5, `<${element.tagName.toLowerCase()}>: contrast ${ratio.toFixed(2)}`);
	});
}

function checkLinks(page) {
	page.querySelectorAll("nav a").forEach(function (link) {
		check(page.querySelector(link.getAttribute("href")) !== null, `${link.textContent}: leads nowhere`);
	});
}

const frames = Array.from(document.querySelectorAll("iframe"));
window.addEventListener("load", function () {
	frames.forEach(function (frame) {
		const page = frame.contentDocument, width = frame.clientWidth;
		check(page.querySelectorAll("figure").length > 0, "no figures");
		checkWidth(page, width);
		checkFigures(page, width);
		if (width > 1000) {
			checkSorting(page);
			checkFilter(page);
			checkContrast(page);
			checkLinks(page);
		}
	});
	check(numTelling > 0, "no column whose order tells numbers from texts");
	const isDark = window.matchMedia("(prefers-color-scheme: dark)").matches;
	document.getElementById("findings").textContent =
		Array.from(new Set(lines)).concat(`checked ${numChecks}${isDark ? " by night" : ""}`).join("\n");
});
