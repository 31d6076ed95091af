# Wenji. Everything here works on Debian 12 with Go, git and make alone; missing software is installed with the system's
# package manager when the recipe runs as root or may use sudo, and named otherwise.

.DEFAULT_GOAL := help
.PHONY: help run build deb generate schema test check bench cluster drill backup-drill cover postgresql browser
.DELETE_ON_ERROR:

GO    ?= go
DATA  ?= .data
# ARGS are passed on: make run ARGS="--listen 127.0.0.1:9000"
ARGS  ?=

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# Later versions need modules that are not served everywhere.
NFPM        := github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2
E2E         := internal/e2e
# npm writes this file last; it is there when axe-core, which the tests in the browser load, is installed.
AXE         := $(E2E)/node_modules/.package-lock.json
# Git refuses to describe a clone that belongs to another user; the program is then built without its revision.
BUILDVCS    := $(shell git status >/dev/null 2>&1 && echo auto || echo false)

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9_-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start the portal with sample data (kept in .data)
	@$(TOOLS) want_postgresql; install
	@$(MAKE) --no-print-directory build
	@exec ./bin/wenji demo --data "$(DATA)" $(ARGS)

build: ## build bin/wenji
	$(GO) build -trimpath -buildvcs=$(BUILDVCS) -o bin/wenji ./cmd/wenji

deb: ## build the Debian package in bin
	@mkdir -p bin/deb
	@$(TOOLS) export VERSION="$$(version)" SOURCE_DATE_EPOCH="$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 0)}"; \
	export ARCH="$$($(GO) env GOARCH)"; \
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=$(BUILDVCS) -ldflags "-s -w -X main.packaged=$$VERSION" -o bin/deb/wenji ./cmd/wenji; \
	gzip -9nc docs/deploy/wenji.1 >bin/deb/wenji.1.gz; \
	$(GO) run $(NFPM) package --config docs/deploy/nfpm.yaml --packager deb --target bin

generate: ## rewrite the *_templ.go files from the templates
	$(GO) tool templ generate -path web

schema: ## rewrite docs/schema.sql from the migrations
	@$(TOOLS) want_postgresql; install
	WENJI_UPDATE_SCHEMA=1 $(GO) test -count=1 -run TestSchemaDocumentIsCurrent ./internal/archtest

test: ## run all tests, those in the browser too
	@$(TOOLS) want_postgresql; want_browser; want_balancers; install
	@$(MAKE) --no-print-directory $(AXE)
	@$(GO) test -count=1 -timeout 40m ./... \
	  && echo "make test: all tests passed" \
	  || { echo "make test: FAILED, see above" >&2; exit 1; }

check: ## format, vet, staticcheck, stale templates, the tests but the browser's again with the race detector
	@$(TOOLS) want_postgresql; want_compiler; want_balancers; install
	@unformatted=$$(gofmt -l cmd internal web migrations) \
	  && if [ -n "$$unformatted" ]; then echo "make check: run gofmt -w on:" $$unformatted >&2; exit 1; fi
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	@$(TOOLS) before=$$(templates) && $(GO) tool templ generate -path web && test "$$before" = "$$(templates)" \
	  || { echo "make check: the committed *_templ.go files were stale; commit the regenerated ones" >&2; exit 1; }
	packages=$$($(GO) list ./...) && $(GO) test -race -shuffle=on -timeout 40m $$(echo "$$packages" | grep -v '/$(E2E)$$')
	@echo "make check: all checks passed"

bench: ## measure the portal against nginx and pgbench on this machine
	@$(TOOLS) want_postgresql; want_bench; install
	$(GO) run ./cmd/bench $(ARGS)

cluster: ## several replicas over replicated PostgreSQL, all on this machine, until Ctrl-C
	@$(TOOLS) want_postgresql; want_cluster; install
	@$(GO) build -o bin/cluster ./cmd/cluster
	@exec ./bin/cluster up $(ARGS)

drill: ## lose machines of such a cluster under load; compare what was acknowledged with what is stored
	@$(TOOLS) want_postgresql; want_cluster; install
	@exec $(GO) run ./cmd/cluster drill $(ARGS)

backup-drill: ## lose a server and empty a table under load; restore both from a pgBackRest repository
	@$(TOOLS) want_postgresql; want_archive; install
	@exec $(GO) run ./cmd/cluster pitr $(ARGS)

cover: ## run the tests and show what they reach, by function in bin/cover.out
	@$(TOOLS) want_postgresql; want_browser; want_balancers; install
	@$(MAKE) --no-print-directory $(AXE)
	@mkdir -p bin
	$(GO) test -coverprofile=bin/cover.out -coverpkg=./... ./...
	$(GO) tool cover -func=bin/cover.out | tail -1

$(AXE): $(E2E)/package-lock.json
	cd $(E2E) && npm ci --no-audit --no-fund
	@touch $@

# Shell functions for the recipes above, used as $(TOOLS) want_…; install
TOOLS = eval "$$TOOLS_SH";
define TOOLS_SH
set -eu
missing= apt= dnf= tests=
want_postgresql() { want 'PostgreSQL 14 or newer' 'has postgres initdb' postgresql postgresql-server; }
want_browser() {
  want Chromium 'command -v chromium || command -v chromium-browser || command -v google-chrome' chromium chromium
  want 'a Chinese font' 'find /usr/share/fonts -iname "*cjk*" | grep -q .' fonts-noto-cjk google-noto-sans-cjk-ttc-fonts
  want npm 'command -v npm' 'nodejs npm' 'nodejs npm'
}
want_compiler() { want 'a C compiler' 'command -v gcc && test -e /usr/include/stdlib.h' 'gcc libc6-dev' 'gcc glibc-devel'; }
want_balancers() {
  want nginx 'test -x /usr/sbin/nginx || command -v nginx' nginx-light nginx
  want HAProxy 'test -x /usr/sbin/haproxy || command -v haproxy' haproxy haproxy
}
want_bench() {
  want nginx 'test -x /usr/sbin/nginx || command -v nginx' nginx-light nginx
  want wrk 'command -v wrk' wrk wrk
  want pgbench 'has pgbench psql' postgresql postgresql-contrib
}
want_cluster() {
  want etcd 'command -v etcd' etcd-server etcd
  want Patroni 'command -v patroni && /usr/bin/python3 -c "import etcd, psycopg2"' 'patroni python3-etcd python3-psycopg2' patroni-etcd
  want HAProxy 'test -x /usr/sbin/haproxy || command -v haproxy' haproxy haproxy
  want PgBouncer 'test -x /usr/sbin/pgbouncer || command -v pgbouncer' pgbouncer pgbouncer
}
want_archive() { want pgBackRest 'command -v pgbackrest' pgbackrest pgbackrest; }
# want WHAT TEST APT-PACKAGES DNF-PACKAGES notes the packages for install unless TEST succeeds.
want() {
  if eval "$$2" >/dev/null 2>&1; then return 0; fi
  missing="$$missing$${missing:+, }$$1" tests="$$tests { $$2; } &&" apt="$$apt $$3" dnf="$$dnf $$4"
}
# install installs what is wanted, or says what to type.
install() {
  if [ -z "$$missing" ]; then return 0; fi
  if command -v apt-get >/dev/null; then
    command="apt-get update && apt-get install -y --no-install-recommends$$apt"
    script="$$APT_SH" packages=$$apt
  elif command -v dnf >/dev/null; then
    command="dnf install -y$$dnf"
    script='dnf install -y "$$@"' packages=$$dnf
  else
    echo "make: missing: $$missing. Install it (in Debian:$$apt) and try again" >&2
    exit 1
  fi
  if [ "$$(id -u)" = 0 ]; then
    echo "make: missing: $$missing; installing$$packages"
    sh -c "$$script" sh $$packages
  elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    echo "make: missing: $$missing; installing$$packages with sudo"
    sudo sh -c "$$script" sh $$packages
  else
    echo "make: missing: $$missing. Type this once, then try again:" >&2
    echo "  su -c '$$command'" >&2
    exit 1
  fi
  eval "$$tests true" >/dev/null 2>&1 || { echo "make: installed$$packages, but not all of this is found: $$missing" >&2; exit 1; }
}
# has NAME… finds a PostgreSQL of version 14 or newer with these programs, where wenji looks for it too.
has() {
  for dir in $$(echo "$$PATH" | tr : ' ') /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql/bin; do
    found=yes
    for name in "$$@"; do [ -x "$$dir/$$name" ] || found=no; done
    [ $$found = yes ] || continue
    version=$$("$$dir/$$1" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
    [ "$${version:-0}" -lt 14 ] || return 0
  done
  return 1
}
# version is the last tag and what came after it, or the number of the revision where there is no tag.
version() {
  git describe --tags --match 'v[0-9]*' --dirty 2>/dev/null | sed 's/^v//; s/-/+/; s/-/./g' | grep . ||
    echo "0.0.0+git$$(git rev-list --count HEAD 2>/dev/null || echo 0).$$(git rev-parse --short=10 HEAD 2>/dev/null || echo unknown)"
}
# templates prints one sum over all generated files.
templates() { find web -name '*_templ.go' | LC_ALL=C sort | xargs cat | cksum; }
endef
export TOOLS_SH

# Installing a server package must not leave a service running that nobody asked for: while apt works, services are not
# started; PostgreSQL makes no cluster unless this machine already had one managed that way; no server is enabled.
define APT_SH
set -eu
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e $$policy ]; then
  trap 'rm -f $$policy' EXIT
  trap 'exit 1' INT TERM
  printf '#!/bin/sh\nexit 101\n' >$$policy
  chmod 755 $$policy
fi
get() { apt-get install -y -qq --no-install-recommends "$$@"; }
get_fresh() {
  if ! apt-get install -s -qq --no-install-recommends "$$@" >/dev/null 2>&1; then
    apt-get update -qq
    get "$$@"
  else
    get "$$@" || { apt-get update -qq && get "$$@"; }
  fi
}
has_common=no
if [ -e /etc/postgresql-common/createcluster.conf ]; then has_common=yes; fi
case " $$* " in *" postgresql "*)
  if [ $$has_common = no ]; then
    get_fresh postgresql-common
    echo 'create_main_cluster = false' >>/etc/postgresql-common/createcluster.conf
  fi ;;
esac
fresh=
for pair in nginx-light:nginx etcd-server:etcd patroni:patroni haproxy:haproxy pgbouncer:pgbouncer; do
  case " $$* " in *" $${pair%:*} "*) dpkg -s $${pair%:*} >/dev/null 2>&1 || fresh="$$fresh $${pair#*:}" ;; esac
done
get_fresh "$$@"
if [ -n "$$fresh" ] && command -v systemctl >/dev/null; then systemctl disable --quiet $$fresh || true; fi
endef
export APT_SH
