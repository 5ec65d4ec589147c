output "websocket_url" {
  description = "For subscriptions, and queries and mutations over the socket"
  value       = "wss://${aws_apigatewayv2_api.websocket.id}.execute-api.${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}/${aws_apigatewayv2_stage.websocket.name}"
}

output "http_url" {
  description = "For queries and mutations over HTTP"
  value       = "https://${aws_apigatewayv2_api.http.id}.execute-api.${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}/graphql"
}

output "connections_table_name" {
  value = aws_dynamodb_table.connections.name
}

output "subscriptions_table_name" {
  value = aws_dynamodb_table.subscriptions.name
}

output "events_table_name" {
  value = aws_dynamodb_table.events.name
}

output "messages_table_name" {
  value = aws_dynamodb_table.messages.name
}

output "stream_function_name" {
  value = aws_lambda_function.stream.function_name
}

output "dropped_records_name" {
  description = "The bucket that should stay empty"
  value       = aws_s3_bucket.dropped_records.bucket
}
