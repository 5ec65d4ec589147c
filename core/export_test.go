package core

import "github.com/fanql/fanql/core/internal/delivery"

// NewSharing makes an engine whose deliveries share results in another way.
func NewSharing(config Config, change func(*delivery.Sharing)) (*Engine, error) {
	engine, err := New(config)
	if err != nil {
		return nil, err
	}
	change(&engine.deliverer.Sharing)
	return engine, nil
}
