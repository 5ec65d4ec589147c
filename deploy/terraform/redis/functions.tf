locals {
  # What the program reads:
  #
  #   FANQL_REDIS_ADDRESSES  host and port of the cache
  #   FANQL_REDIS_USERNAME   of its user, and
  #   FANQL_REDIS_PASSWORD   the password
  #   FANQL_REDIS_TLS        on or off; on when empty
  #   FANQL_REDIS_CLUSTER    on or off; on when empty
  #   FANQL_REDIS_PREFIX     what the library's keys begin with
  #   FANQL_ENDPOINT         where clients are posted to, whatever domain they came by
  #   FANQL_ORIGINS          of the pages that may connect
  #   FANQL_DELIVERY         direct or worker
  #   FANQL_METRICS          the name under which it writes metrics to its logs
  environment = {
    FANQL_REDIS_ADDRESSES = "${aws_elasticache_serverless_cache.cache.endpoint[0].address}:${aws_elasticache_serverless_cache.cache.endpoint[0].port}"
    FANQL_REDIS_USERNAME  = "chat"
    FANQL_REDIS_PASSWORD  = aws_secretsmanager_secret_version.cache_password.secret_string
    FANQL_REDIS_TLS       = "on"
    FANQL_REDIS_CLUSTER   = "on"
    FANQL_REDIS_PREFIX    = "fanql:"
    FANQL_ENDPOINT        = "https://${aws_apigatewayv2_api.websocket.id}.execute-api.${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}/${aws_apigatewayv2_stage.websocket.name}"
    FANQL_ORIGINS         = var.allowed_origin
    FANQL_DELIVERY        = var.delivery
    FANQL_METRICS         = var.name
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
  posts = {
    Effect = "Allow"
    Action = ["execute-api:ManageConnections"]
    Resource = [
      "${aws_apigatewayv2_stage.websocket.execution_arn}/POST/@connections/*",
      "${aws_apigatewayv2_stage.websocket.execution_arn}/DELETE/@connections/*",
    ]
  }

  # What Lambda does in a function's name to join a network.
  network = {
    Effect = "Allow"
    Action = [
      "ec2:AssignPrivateIpAddresses",
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSubnets",
      "ec2:UnassignPrivateIpAddresses",
    ]
    Resource = "*"
  }
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
  timeout          = 29 # API Gateway waits no longer

  # One whole processor where a function also delivers: it signs and sends posts.
  memory_size = var.delivery == "worker" ? 512 : 1769

  vpc_config {
    subnet_ids         = [aws_subnet.private_subnet_a.id, aws_subnet.private_subnet_b.id]
    security_group_ids = [aws_security_group.programs_group.id]
  }

  environment {
    variables = local.environment
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.websocket_logs.name
  }

  # Lambda tries the role when the function joins the network.
  depends_on = [aws_iam_role_policy.websocket]
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
      local.posts,
      local.network,
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
  timeout          = 29 # API Gateway waits no longer

  # One whole processor where a function also delivers: it signs and sends posts.
  memory_size = var.delivery == "worker" ? 512 : 1769

  vpc_config {
    subnet_ids         = [aws_subnet.private_subnet_a.id, aws_subnet.private_subnet_b.id]
    security_group_ids = [aws_security_group.programs_group.id]
  }

  environment {
    variables = local.environment
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.http_logs.name
  }

  # Lambda tries the role when the function joins the network.
  depends_on = [aws_iam_role_policy.http]
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
      local.posts,
      local.network,
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
