"use strict";
// The page is whole without this: it adds copying and the details of operations.
(function () {
  const copy = document.getElementById("copy");
  const command = document.getElementById("command");
  if (copy && navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener("click", function () {
      navigator.clipboard.writeText(command.textContent).then(
        function () { copy.textContent = "Copied"; },
        function () { getSelection().selectAllChildren(command); });
    });
  }

  const timeline = document.getElementById("timeline");
  const detail = document.getElementById("detail");
  if (!timeline) {
    return;
  }
  // In order of time, so that the arrow keys walk through it.
  const operations = Array.from(timeline.querySelectorAll(".op")).sort(function (a, b) {
    return a.getBBox().x - b.getBBox().x;
  });
  let chosen = null;
  function choose(operation) {
    if (chosen) {
      chosen.classList.remove("chosen");
    }
    chosen = operation;
    chosen.classList.add("chosen");
    detail.textContent = chosen.dataset.detail;
    detail.hidden = false;
  }
  timeline.addEventListener("click", function (event) {
    const operation = event.target.closest(".op");
    if (operation) {
      choose(operation);
    }
  });
  timeline.addEventListener("keydown", function (event) {
    const operation = event.target.closest(".op");
    if (!operation) {
      return;
    }
    const step = { ArrowRight: 1, ArrowLeft: -1, Enter: 0, " ": 0 }[event.key];
    if (step === undefined) {
      return;
    }
    event.preventDefault();
    const next = operations[operations.indexOf(operation) + step];
    if (next) {
      next.focus();
      choose(next);
    }
  });
})();
