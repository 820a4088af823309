# Prints the value that a properties file gives to a key, by the rules of java.util.Properties.load,
# which is how the servers read their files: blanks, = or : behind the key, comments, lines that go
# on behind a backslash, and escapes. Prints nothing when the key is not there; the last of two wins.
#
#   LC_ALL=C awk -v key=KEY -f properties.awk <FILE
#
# Works on bytes; LC_ALL=C makes every awk do so.

function natural_line(text,    end) {
  sub(/^[ \t\f]+/, "", text)
  if (logical == "" && (text == "" || text ~ /^[#!]/)) return
  end = text
  sub(/^.*[^\\]/, "", end)
  logical = logical text
  if (end ~ /^\\*$/ && length(end) % 2 == 1) {
    logical = substr(logical, 1, length(logical) - 1)
    return
  }
  logical_line(logical)
  logical = ""
}

function logical_line(line,    i, c, name) {
  for (i = 1; i <= length(line); i++) {
    c = substr(line, i, 1)
    if (c == "\\") {
      i++
    } else if (c ~ /[=: \t\f]/) {
      break
    }
  }
  name = unescaped(substr(line, 1, i - 1))
  if (name != key) return
  line = substr(line, i)
  sub(/^[ \t\f]*[=:]?[ \t\f]*/, "", line)
  value = unescaped(line)
}

function unescaped(text,    result, i, c, unit, low) {
  if (text !~ /\\/) return text
  result = ""
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (c == "\\") {
      i++
      c = substr(text, i, 1)
      if (c == "u") {
        unit = utf16_unit(substr(text, i + 1, 4))
        i += 4
        if (unit >= 55296 && unit < 56320 && substr(text, i + 1, 2) == "\\u") {
          low = utf16_unit(substr(text, i + 3, 4))
          if (low >= 56320 && low < 57344) {
            unit = 65536 + (unit - 55296) * 1024 + low - 56320
            i += 6
          }
        }
        c = utf8(unit)
      } else if (c ~ /[tnrf]/) {
        c = substr("\t\n\r\f", index("tnrf", c), 1)
      }
    }
    result = result c
  }
  return result
}

function utf16_unit(digits,    i, unit) {
  unit = 0
  for (i = 1; i <= 4; i++) unit = unit * 16 + index("123456789abcdef", tolower(substr(digits, i, 1)))
  return unit
}

function utf8(point) {
  if (point < 128) return sprintf("%c", point)
  if (point < 2048) return sprintf("%c%c", 192 + int(point / 64), continuation(point))
  if (point >= 55296 && point < 57344) return "?" # half of a character, which Java cannot write
  if (point < 65536) {
    return sprintf("%c%c%c", 224 + int(point / 4096), continuation(point / 64), continuation(point))
  }
  return sprintf("%c%c%c%c", 240 + int(point / 262144), continuation(point / 4096), \
    continuation(point / 64), continuation(point))
}

function continuation(bits) {
  return 128 + int(bits) % 64
}

# A line ends with a line feed, a carriage return or both.
{
  sub(/\r$/, "")
  count = split($0, lines, "\r")
  if (count == 0) natural_line("")
  for (number = 1; number <= count; number++) natural_line(lines[number])
}

END {
  if (logical != "") logical_line(logical)
  if (value != "") print value
}
