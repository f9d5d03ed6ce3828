"""LiteLLM's keys that sagegate knows and does not honour, each with its reason.

Two kinds, by section. `UNUSED`: leaving it out costs comfort at most, so it is accepted and named
once. `UNSUPPORTED`: leaving it out would open a lock, lift a limit, or change whose identity or
whose answer is used, so the configuration is refused, unless the value switches the thing off.
"""

from __future__ import annotations

from collections.abc import Mapping

_LATER = "not supported in this version"


def _keys(reason: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), reason)


_BALANCING = _keys(
    "deployments are chosen without it",
    """content_policy_fallbacks allowed_fails_policy routing_strategy_args routing_groups
    enable_weighted_failover enable_pre_call_checks enable_pre_call_check
    enable_health_check_routing""",
)
_CACHE = _keys(
    "the cache is switched on by litellm_settings.cache, for each model by itself",
    "cache_responses cache_kwargs caching_groups client_ttl",
)
_SHARED = _keys(
    "one address is enough, that of a single Redis or of a proxy before several",
    "redis_startup_nodes",
)
_CALLBACKS = _keys(
    "what callbacks hear is told in docs/telemetry.md, and is not to be set",
    """service_callback service_callbacks callback_settings
    langfuse_default_tags prometheus_metrics_config
    disable_end_user_cost_tracking
    disable_end_user_cost_tracking_prometheus_only""",
)
_HEALTH = _keys(
    "a health check's call is the smallest that the model's format has",
    """health_check_model health_check_params health_check_voice health_check_max_tokens
    health_check_concurrency""",
)
_ALERTS = _keys(
    "alerts are not sent in this version",
    """alerting alerting_threshold alerting_args alert_types alert_to_webhook_url
    spend_report_frequency""",
)
_DATABASE = _keys(
    "the database needs no such setting",
    """database_connection_pool_limit database_connection_timeout database_type database_args
    database_connection_pool_timeout disable_prisma_schema_update use_prisma_migrate
    allow_requests_on_db_unavailable store_model_in_db supported_db_objects disable_spend_logs
    disable_spend_updates disable_reset_budget disable_adding_master_key_hash_to_db
    store_prompts_in_spend_logs proxy_budget_rescheduler_min_time
    proxy_budget_rescheduler_max_time proxy_batch_write_at proxy_batch_polling_interval
    user_api_key_cache_ttl""",
)
_PAGES = _keys(
    "there are no user pages, teams or single sign-on",
    """ui_access_mode disable_master_key_return custom_sso default_internal_user_params
    default_team_settings default_team_params default_team_disabled user_mcp_management_mode
    litellm_license default_key_generate_params upperbound_key_generate_params
    key_generation_settings enable_key_alias_format_validation custom_key_generate
    max_internal_user_budget internal_user_budget_duration max_ui_session_budget""",
)
_ELSEWHERE = _keys(
    "it belongs to a service other than SageMaker",
    """organization api_version region_name vertex_project vertex_location vertex_credentials
    azure_ad_token azure_scope azure_username azure_password tenant_id client_id client_secret
    watsonx_region_name gcs_bucket_name bucket_name s3_bucket_name force_ipv4
    disable_add_transform_inline_image_block disable_copilot_system_to_assistant
    use_chat_completions_url_for_anthropic_messages enable_preview_features
    disable_hf_tokenizer_download forward_openai_org_id use_azure_key_vault use_google_kms
    use_client_credentials_pass_through_routes image_generation_model moderation_model
    disable_responses_id_security""",
)
_TOOLS = _keys(
    "there is no such service in this version",
    """mcp_servers mcp_tools mcp_aliases mcp_semantic_tool_filter vector_store_registry agent_list
    files_settings finetune_settings assistant_settings assistants_config search_tools
    default_vertex_config pass_through_endpoints""",
)
_COST = _keys(
    "costs come from tokens and seconds alone",
    """output_cost_per_second cost_margin_config cost_discount_config custom_pricing""",
)

_NO_KEYS = f"the master key is the only key: keys of their own are {_LATER}"
_NO_LIMIT = f"this limit is {_LATER}"
_NO_AUTH = f"the master key is the only lock: this one is {_LATER}"
_NO_TEMPLATE = f"prompt templates are {_LATER}"
_NO_GUARD = f"guardrails are {_LATER}"

_LIMITS = _keys(
    _NO_LIMIT,
    """itpm otpm max_budget budget_duration max_user_budget max_end_user_budget
    default_api_key_tpm_limit default_api_key_rpm_limit max_file_size_mb
    provider_budget_config""",
)

#: What a request is about: no deployment has a default of it.
REQUESTS_OWN: Mapping[str, str] = _keys(
    "each request brings its own", "messages prompt input inputs"
)

_PARAMS_UNUSED: Mapping[str, str] = {
    **_keys("deployments are chosen by whole tags", "tag_regex"),
    **_keys("each request says itself whether it streams", "stream stream_options"),
    **_keys("it is about bookkeeping, and nothing is kept", "metadata litellm_trace_id"),
    **_keys("the stream's own pace is kept", "keepalive_seconds"),
}
_PARAMS_UNSUPPORTED: Mapping[str, str] = {
    **_keys(
        "it belongs to Bedrock: use sagemaker_base_url",
        "aws_bedrock_runtime_endpoint",
    ),
    **_keys("SageMaker has no API keys: use the aws_... settings", "api_key"),
    **_keys(f"{_LATER}: use extra_headers", "headers"),
    **_keys(f"{_LATER}: a mock answers text only", "mock_tool_calls"),
    **_keys(
        _NO_TEMPLATE,
        "prompt_id prompt_variables",
    ),
    **_keys(
        f"routers of this kind are {_LATER}",
        """auto_router_config auto_router_config_path auto_router_default_model
        auto_router_embedding_model complexity_router_config complexity_router_default_model
        quality_router_config adaptive_router_config""",
    ),
    **REQUESTS_OWN,
    **_keys(_NO_GUARD, "guardrails"),
    **_LIMITS,
}

#: Section -> key -> why nothing comes of it.
UNUSED: Mapping[str, Mapping[str, str]] = {
    "root": {**_TOOLS, **_CALLBACKS},
    "model_list": {},
    "credential_list": {},
    "credential_values": {},
    "keys": {},
    "litellm_params": {
        **_PARAMS_UNUSED,
        **_BALANCING,
        **_COST,
        **_HEALTH,
        **_ELSEWHERE,
        **_keys("litellm_settings.cache switches the cache on for all models", "cache"),
    },
    "discover": {},
    "model_info": {**_HEALTH, **_COST},
    "litellm_settings": {
        **_BALANCING,
        **_CACHE,
        **_CALLBACKS,
        **_PAGES,
        **_ELSEWHERE,
        **_COST,
        **_TOOLS,
        **_keys("AWS asks for no client certificate", "ssl_certificate"),
        **_keys(
            "prompt templates merge and skip messages anyway, and a chat container judges its own",
            "modify_params",
        ),
        **_keys("answers are not checked against a schema", "enable_json_schema_validation"),
    },
    "cache_params": {
        **_keys(
            "it belongs to a cache that is neither local nor Redis",
            """azure_account_url azure_blob_container disk_cache_dir gcs_bucket_name gcs_path
            gcs_path_service_account qdrant_api_base qdrant_api_key qdrant_collection_name
            qdrant_quantization_config qdrant_semantic_cache_embedding_model
            qdrant_semantic_cache_vector_size redis_semantic_cache_embedding_model
            redis_semantic_cache_index_name s3_api_version s3_aws_access_key_id
            s3_aws_secret_access_key s3_aws_session_token s3_bucket_name s3_config s3_endpoint_url
            s3_path s3_region_name s3_use_ssl s3_verify semantic_cache_embedding_max_input_tokens
            semantic_cache_embedding_timeout semantic_cache_scope similarity_threshold
            valkey_semantic_cache_embedding_model valkey_semantic_cache_index_name""",
        ),
        **_keys("each answer is kept at once", "redis_flush_size"),
        **_keys("max_entry_mb bounds an answer's size", "max_size_per_item"),
    },
    "router_settings": {
        **_BALANCING,
        **_CACHE,
        **_SHARED,
        **_ALERTS,
        **_keys(
            "it tunes a part that is not there",
            """polling_interval default_priority debug_level set_verbose assistants_config
            alerting_config tag_filtering_match_any tag_routing_prefix model_group_affinity_config
            weights""",
        ),
    },
    "litellm_jwtauth": {
        **_keys(
            "tokens make no users and no e-mails in this version",
            """user_id_upsert team_id_upsert upsert_sso_user_to_team user_email_jwt_field
            end_user_id_jwt_field sync_user_role_and_teams virtual_key_mapping_cache_ttl
            oidc_userinfo_cache_ttl""",
        ),
    },
    "issuers": {},
    "scope_mappings": {},
    "general_settings": {
        **_HEALTH,
        **_ALERTS,
        **_DATABASE,
        **_PAGES,
        **_ELSEWHERE,
        **_TOOLS,
        **_keys("a client that goes away always cancels its call", "cancel_on_disconnect"),
        **_keys("callers are not told apart in this version", "user_header_name"),
        **_keys("errors name the call in a header", "include_call_id_in_error_body"),
        **_keys(
            "the file is read anew at SIGHUP and POST /config/reload",
            "proxy_config_reload_interval_seconds",
        ),
        **_keys(
            "what the gateway refuses itself is never retried",
            "disable_retry_on_max_parallel_request_limit_error",
        ),
        **_keys("it says nothing without keys of their own", "service_account_settings"),
    },
}

#: Section -> key -> why the configuration is refused.
UNSUPPORTED: Mapping[str, Mapping[str, str]] = {
    "root": {
        **_keys(_NO_GUARD, "guardrails policies policy_attachments"),
        **_keys(_NO_TEMPLATE, "prompts"),
    },
    "model_list": {},
    "credential_list": {},
    "credential_values": {},
    "keys": {
        **_keys("only virtual keys have budgets", "max_budget budget_duration soft_budget"),
        **_keys("it is for virtual keys: a row of the configuration says expires", "duration"),
    },
    "litellm_params": _PARAMS_UNSUPPORTED,
    "discover": {},
    "model_info": {},
    "litellm_settings": {
        **_LIMITS,
        **_keys(_NO_GUARD, "guardrails"),
        **_keys(_NO_TEMPLATE, "global_prompt_directory custom_prompt_dict"),
        **_keys(_NO_AUTH, "key_management_system"),
    },
    "cache_params": {
        **_keys(
            f"Redis clusters and sentinels are {_LATER}",
            """redis_startup_nodes startup_nodes sentinel_nodes sentinel_password service_name""",
        ),
        **_keys(
            f"signing in to Redis without a password is {_LATER}",
            "gcp_service_account gcp_ssl_ca_certs",
        ),
        **_keys("certificates are always checked", "ssl_cert_reqs ssl_check_hostname"),
    },
    "router_settings": {
        **_LIMITS,
    },
    "litellm_jwtauth": {
        **_keys(
            "there are no teams, organisations and roles: use models_jwt_field or scope_mappings",
            """team_id_jwt_field team_ids_jwt_field team_alias_jwt_field team_id_default
            team_allowed_routes team_jwt_scope team_claim_fallback enforce_team_based_model_access
            org_id_jwt_field org_alias_jwt_field user_roles_jwt_field user_allowed_roles
            roles_jwt_field role_mappings object_id_jwt_field enforce_rbac jwt_litellm_role_map""",
        ),
        **_keys("an administrator may call every route", "admin_allowed_routes"),
        **_keys(
            f"this check is {_LATER}",
            """user_allowed_email_domain user_allowed_email_subdomain custom_validate
            public_allowed_routes routing_overrides virtual_key_claim_field oidc_userinfo_enabled
            oidc_userinfo_endpoint""",
        ),
    },
    "issuers": {
        **_keys("the audience is always checked", "disable_audience_validation"),
    },
    "scope_mappings": {},
    "general_settings": {
        **_LIMITS,
        **_keys(
            _NO_AUTH,
            """custom_auth_settings custom_auth_run_common_checks
            enable_oauth2_auth
            enable_oauth2_proxy_auth oauth2_config_mappings allow_user_auth enforce_user_param
            enforced_params reject_clientside_metadata_tags enforce_rbac role_permissions""",
        ),
        **_keys(
            f"secret managers are {_LATER}: use os.environ/NAME",
            "key_management_system key_management_settings",
        ),
        **_keys(
            f"choosing the model for the client is {_LATER}",
            "completion_model embedding_model infer_model_from_keys",
        ),
        **_keys("clients never bring credentials or addresses", "allow_client_side_credentials"),
    },
}
