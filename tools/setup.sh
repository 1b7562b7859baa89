#!/usr/bin/env bash
# Installs what Autochrome needs to be built and run on Debian 12, Debian 13 and Ubuntu 24.04, and
# nothing that is there already. With --tests also what the tests need.
set -euo pipefail

usage() {
    echo "usage: tools/setup.sh [--tests]"
}

say() {
    echo "setup: $*" >&2
}

tests=false
case "${1-}" in
    "") ;;
    --tests) tests=true ;;
    -h | --help)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
esac

# gcc alone does not bring libc6-dev: recommended packages are left out.
needed=(gcc libc6-dev meson ninja-build pkg-config python3
    libavcodec-dev libavformat-dev libswscale-dev libavutil-dev
    libvulkan-dev libvulkan1 glslang-tools spirv-tools libjansson-dev libxxhash-dev
    libcairo2-dev fonts-dejavu-core ffmpeg)
# A test whose tool is missing is skipped, by name; so these are not worth failing for.
wanted=()

# shellcheck disable=SC1091  # a file of the system
[ ! -r /etc/os-release ] || . /etc/os-release
system="${ID-unknown} ${VERSION_ID-}"

if $tests; then
    needed+=(vulkan-validationlayers python3-numpy)
    wanted+=(shellcheck mandoc zsh fish)
    # The layout of the source is that of clang-format 14, which Debian 13 does not have.
    case "$system" in
        "debian 12" | "ubuntu 22.04" | "ubuntu 24.04") wanted+=(clang-format-14 clang-tidy-14) ;;
    esac
    # A second Vulkan driver, SwiftShader; Ubuntu has Chromium as a snap only.
    [ "${ID-}" != debian ] || wanted+=(chromium-common)
fi

if ! command -v dpkg-query > /dev/null || ! command -v apt-get > /dev/null; then
    say "this system has no apt-get; if the build misses something, install what Debian calls:"
    say "${needed[*]} mesa-vulkan-drivers"
    exit 0
fi

installed=" $(dpkg-query -W -f '${Package}:${db:Status-Status}:${Version} ' 2> /dev/null) "
is_installed() {
    [[ $installed == *" $1:installed:"* ]]
}

has_gpu_driver() {
    local file node=false

    for file in /dev/nvidia[0-9]* /dev/dri/renderD*; do
        [ ! -e "$file" ] || node=true
    done
    $node || return 1
    for file in /usr/share/vulkan/icd.d/*.json /etc/vulkan/icd.d/*.json; do
        case "${file##*/}" in
            nvidia* | radeon* | amd* | intel* | nouveau* | asahi* | freedreno* | panfrost* | broadcom*)
                [ ! -e "$file" ] || return 0
                ;;
        esac
    done
    return 1
}

# Vulkan on the processor, from Mesa. Beside a GPU driver only the tests need it, and then it is
# added where Mesa is missing altogether: a Mesa that is there may be that very driver.
mesa="mesa-vulkan-drivers"
backports=false
# Says for a day that backports could not be reached, so that it is not tried at every run.
no_backports="${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/autochrome/no-backports"
if has_gpu_driver; then
    if $tests; then needed+=("$mesa"); fi
else
    needed+=("$mesa")
    # Debian 12's own Mesa 22.3 is half as fast on the processor as that of backports.
    if [ "$system" = "debian 12" ] && [[ $installed != *" $mesa:installed:"*"~bpo"* ]]; then
        [ -n "$(find "$no_backports" -mmin -1440 2> /dev/null)" ] || backports=true
    fi
fi
if [[ $installed =~ " $mesa:installed:"([^ ]*)" " && ${BASH_REMATCH[1]} == *~bpo* ]]; then
    backports=false
fi

missing=()
for package in "${needed[@]}"; do
    is_installed "$package" || missing+=("$package")
done
optional=()
for package in ${wanted[@]+"${wanted[@]}"}; do
    is_installed "$package" || optional+=("$package")
done
if [ ${#missing[@]} = 0 ] && [ ${#optional[@]} = 0 ] && ! $backports; then
    exit 0
fi

root=(env DEBIAN_FRONTEND=noninteractive)
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo > /dev/null; then
        if [ ${#missing[@]} = 0 ]; then
            [ ${#optional[@]} = 0 ] || say "not root and no sudo: going on without ${optional[*]}"
            exit 0
        fi
        say "these packages are missing, and this is neither root nor is there sudo. As root, run:"
        say "apt-get update && apt-get install --no-install-recommends ${missing[*]}"
        exit 1
    fi
    root=(sudo env DEBIAN_FRONTEND=noninteractive)
fi

apt() {
    "${root[@]}" apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" >&2
}

install() {
    say "installing $*"
    apt install -y --no-install-recommends "$@"
}

# Makes bookworm-backports known to apt. False when it cannot be reached.
reach_backports() {
    local list=/etc/apt/sources.list.d/autochrome-backports.list mirror options=()

    if ! grep -rqs '^[^#]*bookworm-backports' /etc/apt/sources.list /etc/apt/sources.list.d; then
        # The mirror that this machine uses for the rest.
        # shellcheck disable=SC2016  # $(...) is apt's own
        mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
            awk '$1 == "bookworm" { print $2; exit }')
        say "adding bookworm-backports to apt's sources, for a faster Mesa: $list"
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
            "${mirror:-http://deb.debian.org/debian} bookworm-backports main" |
            "${root[@]}" tee "$list" > /dev/null
        # Only this list, so that a mirror without backports harms nothing else.
        options=(-o "Dir::Etc::sourcelist=$list" -o Dir::Etc::sourceparts=-
            -o APT::Get::List-Cleanup=0)
    fi
    apt update ${options[@]+"${options[@]}"} || true
    if apt-cache madison "$mesa" | grep -q bookworm-backports; then
        return 0
    fi
    if [ ${#options[@]} != 0 ]; then
        say "taking bookworm-backports out again"
        "${root[@]}" rm -f "$list"
    fi
    return 1
}

if [ ${#missing[@]} != 0 ] || [ ${#optional[@]} != 0 ]; then
    apt update || say "apt-get update failed; going on with the package lists there are"
fi

if $backports; then
    rest=()
    for package in ${missing[@]+"${missing[@]}"}; do
        [ "$package" = "$mesa" ] || rest+=("$package")
    done
    if reach_backports && install -t bookworm-backports "$mesa"; then
        missing=(${rest[@]+"${rest[@]}"})
    else
        say "bookworm-backports cannot be had: going on with Debian 12's own Mesa, which is slower"
        if mkdir -p "${no_backports%/*}"; then touch "$no_backports"; fi
    fi
fi

if [ ${#missing[@]} != 0 ]; then
    install "${missing[@]}"
fi
# One by one: one that this system does not have must not keep the others away.
for package in ${optional[@]+"${optional[@]}"}; do
    install "$package" || say "$package cannot be had: the tests that need it will be skipped"
done
