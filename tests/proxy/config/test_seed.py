"""The reference page's YAML, as it stands there."""

from __future__ import annotations

from tests.proxy.config.workbench import Workbench

CUSTOM = {
    "CUSTOM_AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "CUSTOM_AWS_SECRET_ACCESS_KEY": "example-secret",
    "CUSTOM_AWS_REGION_NAME": "us-west-2",
}


def test_credentials_come_from_named_variables(bench: Workbench) -> None:
    """`os.environ/CUSTOM_…` gives the deployment its own keys and region."""
    loaded = bench.load(
        """
        model_list:
          - model_name: jumpstart-model
            litellm_params:
              model: sagemaker/jumpstart-dft-hf-textgeneration1-mp-20240815-185614
              aws_access_key_id: os.environ/CUSTOM_AWS_ACCESS_KEY_ID
              aws_secret_access_key: os.environ/CUSTOM_AWS_SECRET_ACCESS_KEY
              aws_region_name: os.environ/CUSTOM_AWS_REGION_NAME
        """,
        CUSTOM,
    )
    (entry,) = loaded.config.model_list
    params = entry.litellm_params
    assert entry.model_name == "jumpstart-model"
    assert params.address.route == "sagemaker"
    assert params.address.endpoint == "jumpstart-dft-hf-textgeneration1-mp-20240815-185614"
    assert params.aws_access_key_id is not None
    assert params.aws_secret_access_key is not None
    assert params.aws_access_key_id.get_secret_value() == "AKIAEXAMPLE"
    assert params.aws_secret_access_key.get_secret_value() == "example-secret"
    assert params.aws_region_name == "us-west-2"
    assert params.defaults == {}
    assert loaded.notices == ()


def test_default_parameters_are_kept_for_the_container(bench: Workbench) -> None:
    """Temperature, top_p and a provider's own top_k are defaults, whatever their type."""
    loaded = bench.load(
        """
        model_list:
          - model_name: jumpstart-model
            litellm_params:
              model: sagemaker/jumpstart-dft-hf-textgeneration1-mp-20240815-185614
              temperature: <your-temp>
              top_p: <your-top-p>
              top_k: 1 # PROVIDER-SPECIFIC PARAM
        """
    )
    assert loaded.config.model_list[0].litellm_params.defaults == {
        "temperature": "<your-temp>",
        "top_p": "<your-top-p>",
        "top_k": 1,
    }


def test_zero_temperature_is_a_setting(bench: Workbench) -> None:
    """`aws_sagemaker_allow_zero_temp` is read, and never a parameter of the container."""
    loaded = bench.load(
        """
        model_list:
          - model_name: jumpstart-model
            litellm_params:
              model: sagemaker/jumpstart-dft-hf-textgeneration1-mp-20240815-185614
              aws_sagemaker_allow_zero_temp: true
        """
    )
    params = loaded.config.model_list[0].litellm_params
    assert params.aws_sagemaker_allow_zero_temp is True
    assert params.defaults == {}


def test_the_messages_api_is_a_route(bench: Workbench) -> None:
    """`sagemaker_chat/` chooses the Messages API."""
    loaded = bench.load(
        """
        model_list:
          - model_name: "sagemaker-model"
            litellm_params:
              model: "sagemaker_chat/jumpstart-dft-hf-textgeneration1-mp-20240815-185614"
              aws_access_key_id: os.environ/AWS_ACCESS_KEY_ID
              aws_secret_access_key: os.environ/AWS_SECRET_ACCESS_KEY
              aws_region_name: os.environ/AWS_REGION_NAME
        """,
        {
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example-secret",
            "AWS_REGION_NAME": "eu-west-1",
        },
    )
    assert loaded.config.model_list[0].litellm_params.address.route == "sagemaker_chat"
