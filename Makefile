.PHONY: quality style test

# Check style, types, workflows and scripts; change nothing.
quality:
	ruff check .
	ruff format --check .
	ty check
	actionlint .github/workflows/*.yml
	shellcheck .ci/run

# Correct what can be corrected.
style:
	ruff check --fix .
	ruff format .

test:
	pytest
