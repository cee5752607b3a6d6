# make demo   shows the main job on a private Active Directory realm
# make test   lints, type-checks and tests
#
# Both first install what is missing: Debian packages where they run as root, and a .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# to build gssapi and krb5; the private Active Directory realm; the private MIT realm; the programs of others that the
# tests talk to: MIT's samples, OpenLDAP with cyrus-sasl, a C# compiler for those on .NET; and clocks that are wrong
DEBIAN := \
	gcc libkrb5-dev python3-dev python3-venv \
	ldb-tools samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules winbind \
	krb5-admin-server krb5-kdc krb5-user \
	faketime krb5-gss-samples ldap-utils libsasl2-modules-gssapi-mit slapd mono-mcs

.PHONY: demo test lint types tests heavy coverage bench build clean system

demo: $(INSTALLED)
	$(BIN)/asyncauth demo

test: lint types tests

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

tests: $(INSTALLED)
	$(BIN)/python -m pytest -m "not heavy"

heavy: $(INSTALLED)
	$(BIN)/python -m pytest -m heavy

coverage: $(INSTALLED)
	$(BIN)/coverage run -m pytest -m "not heavy"
	$(BIN)/coverage report

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks

build: $(INSTALLED)
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) build dist .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(INSTALLED): pyproject.toml | system
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "asyncauth needs Python 3.11 or later; name one with: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable '.[kerberos,crypto,dns,cli,testing]' --group dev
	touch $@

# a slapd that is installed here for the tests does not start as a service: /etc/ldap/noslapd is Debian's switch for that
system:
	@missing=; \
	for package in $(DEBIAN); do \
		dpkg-query --show --showformat='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' \
			|| missing="$$missing $$package"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ]; then \
		echo "asyncauth needs more Debian packages; install them with: sudo apt-get install --no-install-recommends$$missing" >&2; \
		exit 1; \
	fi; \
	echo "installing Debian packages:$$missing"; \
	case "$$missing" in *slapd*) mkdir -p /etc/ldap && touch /etc/ldap/noslapd;; esac; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get update --quiet=2 && apt-get install --quiet=2 --yes --no-install-recommends $$missing > /dev/null
