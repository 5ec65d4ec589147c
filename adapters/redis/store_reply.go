package redis

import "errors"

// errReply: a script's answer is of another form than this package's scripts
// have. Another program writes keys of the same names.
var errReply = errors.New("an answer that this package's scripts do not give")

// The readers answer zero for what is missing or of another type.

func replyAt(reply any, i int) any {
	if list, ok := reply.([]any); ok && i < len(list) {
		return list[i]
	}
	return nil
}

func replyNumber(reply any) int64 {
	n, _ := reply.(int64)
	return n
}

func replyText(reply any) string {
	text, _ := reply.(string)
	return text
}

func replyTexts(reply any) []string {
	list, _ := reply.([]any)
	texts := make([]string, len(list))
	for i, element := range list {
		texts[i] = replyText(element)
	}
	return texts
}

// replyRecords reads the records in an answer.
func replyRecords(reply any) ([]record, error) {
	texts := replyTexts(reply)
	records := make([]record, len(texts))
	for i, text := range texts {
		var ok bool
		if records[i], ok = decodeRecord(text); !ok {
			return nil, errReply
		}
	}
	return records, nil
}
