package input

// Size is about how many bytes of memory coerced variables, arguments or parts of them
// take. Values of other types, which custom scalars may make, count little.
func Size(value any) int {
	const (
		word    = 16 // an interface value, or the header of a string
		perMap  = 48
		perSix  = 300 // members, and the room that the map keeps
		inGroup = 6
	)
	switch value := value.(type) {
	case string:
		return word + len(value)
	case []any:
		size := 2 * word
		for _, item := range value {
			size += word + Size(item)
		}
		return size
	case map[string]any:
		size := perMap + (len(value)+inGroup-1)/inGroup*perSix
		for _, member := range value {
			size += Size(member)
		}
		return size
	case nil, bool:
		return 0
	default:
		return word / 2
	}
}

// perNode is about what a node takes that is no constant.
const perNode = 100

// sizeOf is the size of the constants within a node.
func sizeOf(n node) int {
	size := perNode
	switch n := n.(type) {
	case constant:
		return Size(n.of)
	case list:
		for _, item := range n.items {
			size += sizeOf(item)
		}
	case object:
		for _, member := range n.members {
			size += perNode + sizeOf(member.given) + sizeOf(member.byDefault)
		}
	}
	return size
}
