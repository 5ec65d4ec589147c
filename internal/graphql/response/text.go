package response

import (
	"unicode/utf8"
)

// AppendText appends a JSON string as encoding/json writes it without escaping for
// HTML: bytes that are no UTF-8 become U+FFFD.
func AppendText(b []byte, text string) []byte {
	b = append(b, '"')
	plain := 0 // where what can be copied begins
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' {
				i++
				continue
			}
			b = appendEscape(append(b, text[plain:i]...), c)
			i++
			plain = i
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(append(b, text[plain:i]...), `\ufffd`...)
			plain = i + size
		case r == '\u2028': // these two end a line of JavaScript
			b = append(append(b, text[plain:i]...), `\u2028`...)
			plain = i + size
		case r == '\u2029':
			b = append(append(b, text[plain:i]...), `\u2029`...)
			plain = i + size
		}
		i += size
	}
	return append(append(b, text[plain:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	default:
		const hex = "0123456789abcdef"
		return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
	}
}
