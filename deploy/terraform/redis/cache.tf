# --- The cache: ElastiCache Serverless, which is a Cluster and speaks TLS only. ---

# No cache_usage_limits: at a maximum of data ElastiCache evicts keys that have a TTL,
# and all of the stores' have one.
resource "aws_elasticache_serverless_cache" "cache" {
  name                 = "${var.name}-chat"
  engine               = "valkey"
  major_engine_version = "8"
  subnet_ids           = [aws_subnet.private_subnet_a.id, aws_subnet.private_subnet_b.id]
  security_group_ids   = [aws_security_group.cache_group.id]
  user_group_id        = aws_elasticache_user_group.cache_users.user_group_id
}

resource "aws_elasticache_user_group" "cache_users" {
  engine        = "valkey"
  user_group_id = "${var.name}-chat"
  user_ids      = [aws_elasticache_user.cache_user.user_id]
}

resource "aws_elasticache_user" "cache_user" {
  engine    = "valkey"
  user_id   = "${var.name}-chat"
  user_name = "chat"

  # The library's keys and channels, and the example's history.
  access_string = "on ~fanql:* ~chat:* &fanql:* -@all +@read +@write +@scripting +@pubsub +@connection +cluster|slots +time"

  authentication_mode {
    type      = "password"
    passwords = [aws_secretsmanager_secret_version.cache_password.secret_string]
  }
}

resource "aws_secretsmanager_secret" "cache_password" {
  name_prefix = "${var.name}-cache-"
  description = "The password of the chat in its cache"
}

# The password is made once: every reading of the data source has another, and changes
# are ignored. It is in Terraform's state, which has to be kept as a secret is.
data "aws_secretsmanager_random_password" "cache_password" {
  password_length     = 64
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret_version" "cache_password" {
  secret_id     = aws_secretsmanager_secret.cache_password.id
  secret_string = data.aws_secretsmanager_random_password.cache_password.random_password

  lifecycle {
    ignore_changes = [secret_string]
  }
}
