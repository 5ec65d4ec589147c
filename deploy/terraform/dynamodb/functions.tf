locals {
  # What the program reads:
  #
  #   FANQL_CONNECTIONS_TABLE    the table of client sockets
  #   FANQL_SUBSCRIPTIONS_TABLE  that of operations by topic
  #   FANQL_EVENTS_TABLE         that of what is published; its stream feeds the stream function
  #   FANQL_ENDPOINT             where clients are posted to, whatever domain they came by
  #   FANQL_ORIGINS              of the pages that may connect
  #   FANQL_DELIVERY             stream: the stream function delivers what is published
  #   FANQL_METRICS              the name under which it writes metrics to its logs
  #   CHAT_MESSAGES_TABLE        the example's own: what was said in its rooms
  environment = {
    FANQL_CONNECTIONS_TABLE   = aws_dynamodb_table.connections.name
    FANQL_SUBSCRIPTIONS_TABLE = aws_dynamodb_table.subscriptions.name
    FANQL_EVENTS_TABLE        = aws_dynamodb_table.events.name
    FANQL_ENDPOINT            = "https://${aws_apigatewayv2_api.websocket.id}.execute-api.${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}/${aws_apigatewayv2_stage.websocket.name}"
    FANQL_ORIGINS             = var.allowed_origin
    FANQL_DELIVERY            = "stream"
    FANQL_METRICS             = var.name
    CHAT_MESSAGES_TABLE       = aws_dynamodb_table.messages.name
  }

  assumed_by_lambda = {
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  }

  # Posting to a client, and closing it.
  connections = [
    "${aws_apigatewayv2_stage.websocket.execution_arn}/POST/@connections/*",
    "${aws_apigatewayv2_stage.websocket.execution_arn}/DELETE/@connections/*",
  ]
}

# --- The WebSocket function: every route of the WebSocket API. ---

resource "aws_lambda_function" "websocket" {
  function_name    = "${var.name}-websocket"
  description      = "Handshakes and messages of the WebSocket API"
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  runtime          = "provided.al2023"
  architectures    = ["arm64"]
  handler          = "bootstrap"
  role             = aws_iam_role.websocket.arn
  memory_size      = 512
  timeout          = 29 # API Gateway waits no longer

  environment {
    variables = local.environment
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.websocket_logs.name
  }
}

resource "aws_iam_role" "websocket" {
  name               = "${var.name}-websocket"
  assume_role_policy = jsonencode(local.assumed_by_lambda)
}

resource "aws_iam_role_policy" "websocket" {
  name = "main"
  role = aws_iam_role.websocket.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]
        Resource = aws_dynamodb_table.connections.arn
      },
      {
        Effect   = "Allow"
        Action   = ["dynamodb:Query", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"]
        Resource = aws_dynamodb_table.subscriptions.arn
      },
      {
        Effect   = "Allow"
        Action   = ["dynamodb:PutItem"]
        Resource = aws_dynamodb_table.events.arn
      },
      {
        Effect   = "Allow"
        Action   = ["dynamodb:PutItem", "dynamodb:Query"]
        Resource = aws_dynamodb_table.messages.arn
      },
      {
        Effect   = "Allow"
        Action   = ["execute-api:ManageConnections"]
        Resource = local.connections
      },
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.websocket_logs.arn}:*"
      },
    ]
  })
}

resource "aws_cloudwatch_log_group" "websocket_logs" {
  name              = "/aws/lambda/${var.name}-websocket"
  retention_in_days = var.log_retention_days
}

# --- The stream function: delivers what was published. ---

resource "aws_lambda_function" "stream" {
  function_name    = "${var.name}-stream"
  description      = "Delivers events from the stream of the events table"
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  runtime          = "provided.al2023"
  architectures    = ["arm64"]
  handler          = "bootstrap"
  role             = aws_iam_role.stream.arn
  memory_size      = 1769 # one whole processor: a fan-out signs and sends thousands of posts
  timeout          = 900  # the most there is, for the largest fan-out

  # So that clients' messages cannot use up what events are delivered with.
  reserved_concurrent_executions = var.stream_concurrency > 0 ? var.stream_concurrency : null

  environment {
    variables = local.environment
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.stream_logs.name
  }
}

resource "aws_lambda_event_source_mapping" "published" {
  function_name    = aws_lambda_function.stream.function_name
  event_source_arn = aws_dynamodb_table.events.stream_arn

  # LATEST may miss what is published while the mapping is being made or changed.
  # TRIM_HORIZON misses nothing; what it repeats after the mapping was made anew is no
  # older than the age below.
  starting_position = "TRIM_HORIZON"

  # At once, and as much as there is: a topic is listed once per batch. A batch of
  # moderate size, because its good records may be repeated when another fails.
  batch_size                         = 100
  maximum_batching_window_in_seconds = 0

  # One shard feeds ten invocations, and keeps each topic in one of them.
  parallelization_factor = 10

  # The function says what failed. Where it cannot, because it timed out, halves of the
  # batch find out.
  function_response_types        = ["ReportBatchItemFailures"]
  bisect_batch_on_function_error = true

  # While a record fails, those behind it wait: 20 hours, which is longer than anybody is
  # on call, and four less than the stream keeps it. Then it goes to the bucket, and they
  # go on.
  maximum_record_age_in_seconds = 72000

  # What DynamoDB removes when its time has passed is no event.
  filter_criteria {
    filter {
      pattern = jsonencode({ eventName = ["INSERT", "MODIFY"] })
    }
  }

  # The metrics by which an alarm knows that a record was given up.
  metrics_config {
    metrics = ["EventCount"]
  }

  destination_config {
    on_failure {
      destination_arn = aws_s3_bucket.dropped_records.arn
    }
  }

  # Lambda tries the role when the mapping is made.
  depends_on = [aws_iam_role_policy.stream]
}

# The records that were given up. A bucket, because a queue would get their numbers only,
# and not what is in them: "Dead letters" in docs/operations.md.
resource "aws_s3_bucket" "dropped_records" {
  bucket_prefix = "${var.name}-dropped-"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "dropped_records" {
  bucket                  = aws_s3_bucket.dropped_records.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "dropped_records" {
  bucket = aws_s3_bucket.dropped_records.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = 14
    }
  }
}

resource "aws_iam_role" "stream" {
  name               = "${var.name}-stream"
  assume_role_policy = jsonencode(local.assumed_by_lambda)
}

resource "aws_iam_role_policy" "stream" {
  name = "main"
  role = aws_iam_role.stream.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]
        Resource = aws_dynamodb_table.connections.arn
      },
      {
        Effect   = "Allow"
        Action   = ["dynamodb:Query", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"]
        Resource = aws_dynamodb_table.subscriptions.arn
      },
      {
        # what has subscribers catch up
        Effect   = "Allow"
        Action   = ["dynamodb:PutItem"]
        Resource = aws_dynamodb_table.events.arn
      },
      {
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
        Resource = aws_dynamodb_table.events.stream_arn
      },
      {
        Effect   = "Allow"
        Action   = ["dynamodb:ListStreams"]
        Resource = "${aws_dynamodb_table.events.arn}/stream/*"
      },
      {
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = aws_s3_bucket.dropped_records.arn
      },
      {
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = "${aws_s3_bucket.dropped_records.arn}/*"
      },
      {
        Effect   = "Allow"
        Action   = ["execute-api:ManageConnections"]
        Resource = local.connections
      },
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.stream_logs.arn}:*"
      },
    ]
  })
}

resource "aws_cloudwatch_log_group" "stream_logs" {
  name              = "/aws/lambda/${var.name}-stream"
  retention_in_days = var.log_retention_days
}

# --- The HTTP function: queries and mutations. ---

resource "aws_lambda_function" "http" {
  function_name    = "${var.name}-http"
  description      = "GraphQL over HTTP"
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  runtime          = "provided.al2023"
  architectures    = ["arm64"]
  handler          = "bootstrap"
  role             = aws_iam_role.http.arn
  memory_size      = 512
  timeout          = 29 # API Gateway waits for 30 seconds

  environment {
    variables = local.environment
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.http_logs.name
  }
}

resource "aws_iam_role" "http" {
  name               = "${var.name}-http"
  assume_role_policy = jsonencode(local.assumed_by_lambda)
}

resource "aws_iam_role_policy" "http" {
  name = "main"
  role = aws_iam_role.http.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["dynamodb:PutItem"]
        Resource = aws_dynamodb_table.events.arn
      },
      {
        Effect   = "Allow"
        Action   = ["dynamodb:PutItem", "dynamodb:Query"]
        Resource = aws_dynamodb_table.messages.arn
      },
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.http_logs.arn}:*"
      },
    ]
  })
}

resource "aws_cloudwatch_log_group" "http_logs" {
  name              = "/aws/lambda/${var.name}-http"
  retention_in_days = var.log_retention_days
}
