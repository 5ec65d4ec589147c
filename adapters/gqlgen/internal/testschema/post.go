package testschema

// Post is what subscriptions carry.
type Post struct {
	ID, Title string
}

// IsNode makes it a Node.
func (Post) IsNode() {}

// GetID makes it a Node.
func (p Post) GetID() string { return p.ID }

// IsItem makes it an Item.
func (Post) IsItem() {}

// IsEntity makes it an entity of a federation.
func (Post) IsEntity() {}
