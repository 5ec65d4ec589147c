# Alarms, of metrics that AWS sends without being asked, and of those that the
# program writes (FanQL). What to do then is in docs/operations.md.

locals {
  functions = {
    websocket = aws_lambda_function.websocket.function_name
    http      = aws_lambda_function.http.function_name
  }
}

resource "aws_sns_topic" "alarm_topic" {
  name = "${var.name}-alarms"
}

resource "aws_sns_topic_subscription" "alarm_subscription" {
  count = var.alarm_email != "" ? 1 : 0

  topic_arn = aws_sns_topic.alarm_topic.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_cloudwatch_metric_alarm" "functions_fail" {
  alarm_name          = "${var.name}-functions-fail"
  alarm_description   = "Invocations fail - the log says why"
  evaluation_periods  = 5
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  metric_query {
    id          = "all"
    expression  = "SUM(METRICS())"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.functions

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/Lambda"
        metric_name = "Errors"
        stat        = "Sum"
        period      = 60
        dimensions = {
          FunctionName = metric_query.value
        }
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "functions_throttled" {
  alarm_name          = "${var.name}-functions-throttled"
  alarm_description   = "Lambda's concurrency is used up - Throttling"
  evaluation_periods  = 5
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  metric_query {
    id          = "all"
    expression  = "SUM(METRICS())"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.functions

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/Lambda"
        metric_name = "Throttles"
        stat        = "Sum"
        period      = 60
        dimensions = {
          FunctionName = metric_query.value
        }
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "websocket_fails" {
  alarm_name          = "${var.name}-websocket-fails"
  alarm_description   = "Messages of clients fail"
  evaluation_periods  = 5
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  metric_query {
    id          = "all"
    expression  = "SUM(METRICS())"
    return_data = true
  }

  metric_query {
    id = "integration"

    metric {
      namespace   = "AWS/ApiGateway"
      metric_name = "IntegrationError"
      stat        = "Sum"
      period      = 60
      dimensions = {
        ApiId = aws_apigatewayv2_api.websocket.id
        Stage = aws_apigatewayv2_stage.websocket.name
      }
    }
  }

  metric_query {
    id = "execution"

    metric {
      namespace   = "AWS/ApiGateway"
      metric_name = "ExecutionError"
      stat        = "Sum"
      period      = 60
      dimensions = {
        ApiId = aws_apigatewayv2_api.websocket.id
        Stage = aws_apigatewayv2_stage.websocket.name
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "http_fails" {
  alarm_name          = "${var.name}-http-fails"
  alarm_description   = "Requests over HTTP fail"
  namespace           = "AWS/ApiGateway"
  metric_name         = "5xx"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  dimensions = {
    ApiId = aws_apigatewayv2_api.http.id
    Stage = aws_apigatewayv2_stage.http.name
  }
}

resource "aws_cloudwatch_metric_alarm" "cache_refuses" {
  alarm_name          = "${var.name}-cache-refuses"
  alarm_description   = "The cache refuses commands for now - Redis is full, or fails over"
  namespace           = "AWS/ElastiCache"
  metric_name         = "ThrottledCmds"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  dimensions = {
    clusterId = aws_elasticache_serverless_cache.cache.name
  }
}

resource "aws_cloudwatch_metric_alarm" "cache_evicts" {
  alarm_name          = "${var.name}-cache-evicts"
  alarm_description   = "Rows of subscriptions are gone without a word - Redis is full, or fails over"
  namespace           = "AWS/ElastiCache"
  metric_name         = "Evictions"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  dimensions = {
    clusterId = aws_elasticache_serverless_cache.cache.name
  }
}

resource "aws_cloudwatch_metric_alarm" "deliveries_slow" {
  alarm_name          = "${var.name}-deliveries-slow"
  alarm_description   = "One event in a hundred reaches its last subscriber after more than 5 s - Lag grows"
  namespace           = "FanQL"
  metric_name         = "DeliveryLag"
  extended_statistic  = "p99"
  period              = 60
  evaluation_periods  = 5
  threshold           = 5000
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  dimensions = {
    Stack = var.name
  }
}

resource "aws_cloudwatch_metric_alarm" "subscribers_lost" {
  alarm_name          = "${var.name}-subscribers-lost"
  alarm_description   = "Subscribers were asked to subscribe again, because events did not reach them"
  namespace           = "FanQL"
  metric_name         = "SubscribersLost"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 10
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  dimensions = {
    Stack = var.name
  }
}

resource "aws_cloudwatch_metric_alarm" "pushes_throttled" {
  alarm_name          = "${var.name}-pushes-throttled"
  alarm_description   = "Posts to clients are refused for now - Throttling"
  namespace           = "FanQL"
  metric_name         = "PushesThrottled"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 10
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  dimensions = {
    Stack = var.name
  }
}

resource "aws_cloudwatch_metric_alarm" "publishing_fails" {
  alarm_name          = "${var.name}-publishing-fails"
  alarm_description   = "Events cannot be published"
  namespace           = "FanQL"
  metric_name         = "PublishErrors"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  dimensions = {
    Stack = var.name
  }
}
