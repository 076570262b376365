#!/bin/sh
# Prints the Python to set up with, 3.11 or newer: the one given (remembered in build/python for the next calls),
# else the remembered one, else the usual names in turn. In shell, because an old Python cannot read new programs.
usable() {
    command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}
if [ -n "$1" ]; then
    if usable "$1"; then
        mkdir -p build && printf '%s\n' "$1" >build/python
        printf '%s\n' "$1"
        exit 0
    fi
else
    remembered=$(cat build/python 2>/dev/null)
    for name in "${remembered:-python3}" python3 python3.14 python3.13 python3.12 python3.11 python; do
        if usable "$name"; then
            printf '%s\n' "$name"
            exit 0
        fi
    done
fi
echo "Kafalat needs Python 3.11 or newer${1:+, which $1 is not}; install it, or name it: make setup PYTHON=/path/to/python3" >&2
echo "کفالت کو پائتھن 3.11 یا اس سے نیا چاہیے${1:+، $1 ایسا نہیں}؛ اسے نصب کریں یا نام بتائیں: make setup PYTHON=/path/to/python3" >&2
exit 2
