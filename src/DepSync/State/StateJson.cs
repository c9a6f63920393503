using System.Text.Json.Serialization;

namespace DepSync.State;

/// <summary>The JSON form of the state files; source-generated, so that it holds in the native build.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true)]
[JsonSerializable(typeof(ManagerState))]
[JsonSerializable(typeof(TargetState))]
[JsonSerializable(typeof(LoginState))]
internal sealed partial class StateJson : JsonSerializerContext;
