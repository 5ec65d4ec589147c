# Their layout is in docs/decisions/0006-dynamodb-layout.md.

resource "aws_dynamodb_table" "connections" {
  name         = "${var.name}-connections"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }
}

resource "aws_dynamodb_table" "subscriptions" {
  name         = "${var.name}-subscriptions"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "event"
  range_key    = "connectionId"

  attribute {
    name = "event"
    type = "S"
  }

  attribute {
    name = "connectionId"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }
}

resource "aws_dynamodb_table" "events" {
  name             = "${var.name}-events"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "id"
  stream_enabled   = true
  stream_view_type = "NEW_IMAGE"

  attribute {
    name = "id"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }
}

# The one table that outlives connections. Terraform does not delete it, and any second
# of its last 35 days can be restored.
resource "aws_dynamodb_table" "messages" {
  name         = "${var.name}-messages"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "room"
  range_key    = "key"

  attribute {
    name = "room"
    type = "S"
  }

  attribute {
    name = "key"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  lifecycle {
    prevent_destroy = true
  }
}
